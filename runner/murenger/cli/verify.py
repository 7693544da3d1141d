"""`murenger verify`: are the change records what they were when they were written?

Input: a store and a trust file; no murenger.yml is needed. Output: integrity and completeness, apart; exit 1 a fault is
named, 2 trouble, 3 intact but completeness unproven.
"""

import argparse
import pathlib

from murenger.adapters.keys import SshVerifier
from murenger.cli import options
from murenger.cli.output import emit
from murenger.errors import ConfigError
from murenger.record.render import report_json, report_lines
from murenger.record.verify import verify_store

SIGNERS = "allowed_signers"


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("verify", help="are the change records intact?")
    options.add_site(parser)
    parser.add_argument("--store", type=pathlib.Path, metavar="DIR", help="a store, one log's folder, or a pack")
    parser.add_argument("--trust", type=pathlib.Path, metavar="DIR", help="a folder with your own allowed_signers")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the verdict."""
    store, signers = _where(args)
    verifier = SshVerifier(signers)
    # A trust file that is no use is trouble of ours, not a fault of the records.
    verifier.check_trust()
    report = verify_store(store, verifier=verifier)
    emit(args, text="\n".join(report_lines(report)), data=report_json(report))
    return report.exit_code


def _where(args: argparse.Namespace) -> tuple[pathlib.Path, pathlib.Path]:
    if args.store is not None and args.trust is not None:
        return args.store, _signers(args.trust)
    settings = options.site_of(args).settings
    return args.store or settings.store.path, _signers(args.trust) if args.trust else settings.trust


def _signers(folder: pathlib.Path) -> pathlib.Path:
    path = folder / SIGNERS if folder.is_dir() else folder
    if not path.is_file():
        raise ConfigError(f"there is no {SIGNERS} in {folder}", hint="--trust names the folder that holds it")
    return path
