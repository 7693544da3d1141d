"""`murenger verify`: are the change records what they were when they were written, and are they all there?

Input: a store and a trust folder; no murenger.yml is needed. Output: integrity and completeness, apart; exit 0 intact
and an anchor agrees, 1 a fault is named, 2 trouble, 3 intact but completeness unproven.
"""

import argparse
import pathlib

from murenger.adapters.keys.trust_folder import read_trust, site_trust
from murenger.cli import arguments
from murenger.cli.output import emit, progress
from murenger.config import load
from murenger.errors import ConfigError
from murenger.record.verify import Scope, verify_store
from murenger.record.verify.bundle import verify_bundle
from murenger.record.verify.given import GivenAnchor, parse_given
from murenger.record.verify.text import report_json, report_lines
from murenger.record.verify.trust import Trust

SIGNERS = "allowed_signers"
_MAX_ANCHOR_BYTES = 64 * 1024 * 1024
_SHOWN_EVERY = 1000


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("verify", help="are the change records intact, and are they all there?")
    arguments.add_site(parser)
    parser.add_argument(
        "record", nargs="?", metavar="RECORD", help="one record: its number, or an exported proof (default: all)"
    )
    parser.add_argument("--all", action="store_true", help="every record, which is also the default")
    parser.add_argument("--store", type=pathlib.Path, metavar="DIR", help="a store, one log's folder, or a pack")
    parser.add_argument("--trust", type=pathlib.Path, metavar="DIR", help="a folder with your own allowed_signers")
    parser.add_argument(
        "--anchor",
        type=pathlib.Path,
        action="append",
        default=[],
        metavar="FILE",
        help="what a sink gave out: a checkpoint, or lines of SEQ SHA256; may be repeated",
    )
    parser.add_argument("--since", default="", metavar="DAY|SEQ", help="only records of this day, or number, and later")
    parser.add_argument("--against", type=pathlib.Path, metavar="DIR", help="an older copy, to name a rewritten record")
    parser.add_argument("--jobs", type=arguments.count, default=1, metavar="N", help="processes to use (default: 1)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the verdict."""
    if args.all and args.record is not None:
        raise ConfigError(f"both --all and record {args.record} are asked for", hint="leave one of them out")
    # A trust file that is no use is trouble of ours, not a fault of the records.
    if args.record is not None and not args.record.isdecimal():
        report = verify_bundle(pathlib.Path(args.record), trust=_trusted(args))
    else:
        scope = Scope(
            anchors=tuple(map(_given, args.anchor)),
            since=args.since,
            only=None if args.record is None else int(args.record),
            against=args.against,
            jobs=args.jobs,
            progress=_show_progress,
        )
        store = args.store or load(file=args.config).store.path
        report = verify_store(store, trust=_trusted(args), scope=scope)
    emit(args, text="\n".join(report_lines(report)), data=report_json(report))
    return report.exit_code


def _show_progress(done: int, total: int) -> None:
    if done % _SHOWN_EVERY == 0 or done == total:
        progress(done, total, "records verified")


def _given(path: pathlib.Path) -> GivenAnchor:
    try:
        if path.stat().st_size > _MAX_ANCHOR_BYTES:
            raise ConfigError(f"{path} is too large to be an anchor")
        return parse_given(str(path), path.read_bytes())
    except OSError as exc:
        raise ConfigError(f"the anchor {path} cannot be read: {exc.strerror}") from exc


def _trusted(args: argparse.Namespace) -> Trust:
    """Return whom the reader trusts: their own folder, or what murenger.yml names."""
    if args.trust is None:
        return site_trust(load(file=args.config))
    folder: pathlib.Path = args.trust
    path = folder / SIGNERS if folder.is_dir() else folder
    if not path.is_file():
        raise ConfigError(f"there is no {SIGNERS} in {folder}", hint="--trust names the folder that holds it")
    return read_trust(path)
