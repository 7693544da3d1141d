"""`murenger keys`: the runner's key, and who may sign what.

Input: key files and principals. Output: keys, and lines in the trust files; exit 0 done, 2 trouble.
"""

import argparse
import datetime
import os
import pathlib
import re

from murenger.adapters.files.private import write_private
from murenger.adapters.keys import fingerprint, generate_key, public_key, read_allowed_signers
from murenger.cli import options
from murenger.cli.output import IN_SYNC, emit
from murenger.errors import ConfigError

# What each role may sign, as `namespaces=` of an allowed_signers line, and in which trust file.
ROLES = {
    "approver": ("change-approval@murenger", "trust"),
    "reviewer": ("git", "golden"),
    "runner": ("change-record@murenger", "trust"),
}
PRINCIPAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}")


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("keys", help="the runner's key, and who may sign what")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("list", help="list who may sign what, until when")
    options.add_site(show)
    show.set_defaults(run=_list)
    trust = actions.add_parser("trust", help="let a person's key sign in a role")
    options.add_site(trust)
    trust.add_argument("principal", metavar="PRINCIPAL", help="such as alice@example.net")
    trust.add_argument("public_key", type=pathlib.Path, metavar="PUBKEY", help="their public SSH key file")
    trust.add_argument(
        "--role",
        action="append",
        required=True,
        choices=("approver", "reviewer"),
        help="approver: plans and standing changes; reviewer: golden policy",
    )
    trust.add_argument("--valid-days", type=int, default=365, metavar="N", help="how long (default: 365)")
    trust.set_defaults(run=_trust)
    make = actions.add_parser("generate", help="make the runner's key that murenger.yml names")
    options.add_site(make)
    make.set_defaults(run=_generate)


def trust_line(principal: str, namespace: str, key: str, *, start: datetime.datetime, days: int) -> str:
    """Return one line of an allowed_signers file.

    Args:
        principal: who.
        namespace: what they may sign.
        key: public key, `TYPE BASE64`.
        start: valid from here.
        days: for so long.

    Raises:
        ConfigError: the principal cannot stand in such a file.
    """
    if not PRINCIPAL.fullmatch(principal):
        raise ConfigError(f"{principal!r} cannot be a principal", hint="letters, digits and . _ @ + - only")
    end = start + datetime.timedelta(days=days)
    window = f'valid-after="{start:%Y%m%d%H%M%SZ}",valid-before="{end:%Y%m%d%H%M%SZ}"'
    return f'{principal} namespaces="{namespace}",{window} {" ".join(key.split()[:2])}\n'


def add_line(path: pathlib.Path, line: str) -> None:
    """Add a line to a trust file, all or nothing; a line that is there already is not added twice."""
    present = path.read_text(encoding="utf-8") if path.exists() else ""
    if line not in present:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, (present + line).encode("utf-8"))
        # Trust files are no secret, and assessors read them.
        os.chmod(path, 0o644)  # noqa: PTH101 - the mode is the point


def _trust(args: argparse.Namespace) -> int:
    site = options.site_of(args)
    key = public_key(args.public_key)
    files = {"trust": site.settings.trust, "golden": site.settings.golden.trust}
    lines = []
    for role in dict.fromkeys(args.role):
        namespace, where = ROLES[role]
        line = trust_line(args.principal, namespace, key, start=site.parts.clock.now(), days=args.valid_days)
        add_line(files[where], line)
        lines.append(f"{args.principal} may sign as {role} for {args.valid_days} days: {files[where]}")
    data = {"schema": "murenger.keys.trust/1", "principal": args.principal, "roles": sorted(set(args.role))}
    emit(args, text="\n".join(lines), data=data)
    return IN_SYNC


def _list(args: argparse.Namespace) -> int:
    site = options.site_of(args)
    entries, lines = [], []
    for path in (site.settings.trust, site.settings.golden.trust):
        for signer in read_allowed_signers(path):
            until = f"{signer.valid_before:%Y-%m-%d}" if signer.valid_before else "for ever"
            spaces = ",".join(signer.namespaces)
            lines.append(f"{signer.principals[0]}  {spaces}  until {until}")
            entries.append({"principal": signer.principals[0], "namespaces": list(signer.namespaces), "until": until})
    emit(args, text="\n".join(lines), data={"schema": "murenger.keys/1", "signers": entries})
    return IN_SYNC


def _generate(args: argparse.Namespace) -> int:
    site = options.site_of(args)
    runner = site.settings.runner
    if runner.key.exists():
        raise ConfigError(f"there is a key at {runner.key} already", hint="a key is never overwritten")
    key = generate_key(runner.key, runner.id)
    line = trust_line(runner.id, ROLES["runner"][0], key, start=site.parts.clock.now(), days=365)
    add_line(site.settings.trust, line)
    made = fingerprint(runner.key)
    emit(args, text=f"{runner.key}: {made}", data={"schema": "murenger.keys.generate/1", "fingerprint": made})
    return IN_SYNC
