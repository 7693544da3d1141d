"""`murenger approve`: sign a plan or a standing change with your own key, after reading it.

Input: a plan's digest or a decision file, and an SSH key. Output: the signature, where the runner looks for it.
What is shown is read from the very bytes that are signed.
"""

import argparse
import pathlib
import sys

from murenger.adapters.files.private import write_private
from murenger.adapters.keys import SshSigner
from murenger.cli import options
from murenger.cli.output import IN_SYNC, TROUBLE, emit, say
from murenger.decide import author_key_fingerprint, parse_plan, parse_standing_change
from murenger.errors import ApprovalError, MurengerError
from murenger.model import parse_canonical
from murenger.secrets import escape_for_terminal
from murenger.wiring import Site

NAMESPACE = "change-approval@murenger"
_DIGEST_LENGTH = 64
_SHORTEST_PREFIX = 8


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("approve", help="sign a plan or a standing change with your own key")
    options.add_site(parser)
    parser.add_argument("decision", metavar="PLAN|FILE", help="a plan's digest (8 digits or more) or a decision file")
    parser.add_argument("--key", required=True, type=pathlib.Path, metavar="FILE", help="your SSH key")
    parser.add_argument("--yes", action="store_true", help="do not ask; you have read it")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show the decision file, ask, sign, and check that the signature counts."""
    site = options.site_of(args)
    content, target = _decision(site, args.decision)
    for line in _rendered(content):
        say(line)
    if not args.yes and not _agreed():
        say("not approved; nothing was written")
        return TROUBLE
    signature = SshSigner("approver", args.key).sign(content, namespace=NAMESPACE)
    signatory = site.parts.verifier.verify(content, signature, namespace=NAMESPACE, at=site.parts.clock.now())
    if author_key_fingerprint(content) == signatory.key_fingerprint:
        raise ApprovalError("the author of a change cannot approve it", hint="ask somebody else to sign")
    target.parent.mkdir(parents=True, exist_ok=True)
    write_private(target, content)
    write_private(target.with_name(target.name + ".sig"), signature.encode("ascii"))
    data = {
        "schema": "murenger.approve/1",
        "file": str(target),
        "principal": signatory.principal,
        "key_fingerprint": signatory.key_fingerprint,
    }
    emit(args, text=f"approved by {signatory.principal}: {target}", data=data)
    return IN_SYNC


def _decision(site: Site, named: str) -> tuple[bytes, pathlib.Path]:
    """Return the bytes to sign, and where they and their signature belong."""
    path = pathlib.Path(named)
    if path.is_file():
        return path.read_bytes(), path
    if _SHORTEST_PREFIX <= len(named) <= _DIGEST_LENGTH:
        found = [sha256 for sha256 in site.parts.plans.kept() if sha256.startswith(named)]
        if len(found) == 1:
            return site.parts.plans.load(found[0]), site.parts.approvals.path_for_plan(found[0])
        if found:
            raise ApprovalError(f"{len(found)} plans begin with {named}", hint="give more digits")
    raise ApprovalError(f"{named!r} is neither a file nor a plan", hint="murenger plan DEVICE prints the digest")


def _rendered(content: bytes) -> tuple[str, ...]:
    """Return what the bytes say, line by line, whole: nothing may be signed unseen."""
    kind = _kind(content)
    parse = {"plan": parse_plan, "standing-change": parse_standing_change}.get(kind)
    if parse is None:
        raise ApprovalError(f"a decision file of type {kind!r} is not approved here")
    parse(content)
    return tuple(escape_for_terminal(line) for line in _lines("", parse_canonical(content)))


def _kind(content: bytes) -> str:
    try:
        return str(parse_canonical(content).get("type"))
    except ValueError as exc:
        raise ApprovalError(f"not a decision file: {exc}") from exc


def _lines(name: str, value: object) -> list[str]:
    if isinstance(value, dict):
        return [line for key, item in value.items() for line in _lines(f"{name}.{key}" if name else key, item)]
    if isinstance(value, list):
        return [f"{name}:", *(f"    {item}" for item in value)] if value else [f"{name}: -"]
    return [f"{name}: {value}"]


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise MurengerError("nobody is there to ask", hint="read the decision file, then use --yes")
    sys.stderr.write("sign this with your key? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
