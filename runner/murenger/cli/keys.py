"""`murenger keys`: the runner's key, the log's key, and who may sign what.

Input: key files and principals. Output: keys, lines in the trust files, key events; exit 0 done, 2 trouble.
"""

import argparse
import datetime
import pathlib
import re

from murenger.adapters.files.trust_file import PRINCIPAL, add_line, trust_line, write_trust
from murenger.adapters.keys import fingerprint, generate_key, public_key, read_allowed_signers
from murenger.adapters.keys.log_key import make_log_key
from murenger.cli import options
from murenger.cli.output import IN_SYNC, complain, emit
from murenger.config import WitnessSinkSettings
from murenger.errors import ConfigError, SignatureError
from murenger.wiring import Site

# What each role may sign, as `namespaces=` of an allowed_signers line, and in which trust file.
ROLES = {
    "approver": ("change-approval@murenger", "trust"),
    "reviewer": ("git", "golden"),
    "runner": ("change-record@murenger,capability@murenger", "trust"),
    "prover": ("capability@murenger", "trust"),
    "custodian": ("key-event@murenger", "trust"),
}
KINDS = {"default": "ed25519", "fips": "ecdsa-p256"}
# The log's public key, beside the trust file: an auditor's `--trust` is that folder.
LOG_VKEY = "log.vkey"

_OVERLAP = re.compile(r"([0-9]{1,4})([hd])")

__all__ = ["KINDS", "LOG_VKEY", "PRINCIPAL", "ROLES", "add_line", "make_log_key_file", "register", "trust_line"]


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("keys", help="the runner's key, the log's key, and who may sign what")
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
        choices=("approver", "reviewer", "custodian", "prover"),
        help="approver: plans and standing changes; reviewer: golden policy; custodian: key events; "
        "prover: capability files",
    )
    trust.add_argument("--valid-days", type=int, default=365, metavar="N", help="how long (default: 365)")
    trust.set_defaults(run=_trust)
    make = actions.add_parser("generate", help="make the runner's key, or the log's, that murenger.yml names")
    options.add_site(make)
    make.add_argument("--log", action="store_true", help="make the log's key, which signs checkpoints")
    make.add_argument(
        "--kind", choices=sorted(KINDS.values()), help="kind of the runner's key (default: the profile's)"
    )
    make.set_defaults(run=_generate)
    _register_events(actions)


def _register_events(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    rotate = actions.add_parser("rotate", help="let another key sign for the runner from now on")
    options.add_site(rotate)
    rotate.add_argument(
        "--key", type=pathlib.Path, required=True, metavar="NEW", help="the new key, or its .pub with ssh-agent"
    )
    rotate.add_argument("--overlap", default="2d", metavar="TIME", help="how long both keys count (default: 2d)")
    rotate.add_argument("--custodian", type=pathlib.Path, metavar="KEY", help="the custodian's key, who signs it too")
    rotate.set_defaults(run=_rotate)
    revoke = actions.add_parser("revoke", help="end a key that is lost, from a time on")
    options.add_site(revoke)
    revoke.add_argument("who", metavar="PRINCIPAL|FINGERPRINT", help="whose key, or SHA256:... of it")
    revoke.add_argument(
        "--valid-before", required=True, metavar="TIME", help="last time it was surely good: 2026-11-21T12:00:00Z"
    )
    revoke.add_argument("--reason", required=True, metavar="TEXT", help="why, for the record")
    revoke.add_argument("--custodian", type=pathlib.Path, metavar="KEY", help="the custodian's key, who signs it too")
    revoke.set_defaults(run=_revoke)


def make_log_key_file(path: pathlib.Path, origin: str, trust: pathlib.Path) -> pathlib.Path:
    """Make a log's key, write its public form beside the trust file, and return where that lies.

    Raises:
        SignatureError: a file is in the way, or the folder cannot be written.
        ConfigError: the public form cannot be written.
    """
    vkey = make_log_key(path, origin)
    public = trust.with_name(LOG_VKEY)
    write_trust(public, vkey + "\n")
    return public


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
    log_key = _log_vkey(site)
    witnesses = {sink.name: sink.key for sink in site.settings.anchors.sinks if isinstance(sink, WitnessSinkSettings)}
    if log_key is not None:
        lines.append(f"log  {log_key}")
    lines += [f"witness {name}  {key}" for name, key in witnesses.items()]
    data = {"schema": "murenger.keys/1", "signers": entries, "log": log_key, "witnesses": witnesses}
    emit(args, text="\n".join(lines), data=data)
    return IN_SYNC


def _log_vkey(site: Site) -> str | None:
    """Return the log's public key, or None where there is none; who may sign is told even if the key is gone."""
    try:
        return None if site.parts.log_key is None else site.parts.log_key.vkey
    except SignatureError as error:
        complain(error)
        return None


def _generate(args: argparse.Namespace) -> int:
    site = options.site_of(args)
    return _generate_log_key(args, site) if args.log else _generate_runner_key(args, site)


def _generate_runner_key(args: argparse.Namespace, site: Site) -> int:
    runner, profile = site.settings.runner, site.settings.crypto_profile
    kind = args.kind or KINDS[profile]
    if profile == "fips" and kind != KINDS["fips"]:
        raise ConfigError(f"crypto_profile fips has no {kind} keys", hint=f"--kind {KINDS['fips']}")
    if runner.key.exists():
        raise ConfigError(
            f"there is a key at {runner.key} already", hint="a key is never overwritten; see murenger keys rotate"
        )
    key = generate_key(runner.key, runner.id, kind)
    line = trust_line(runner.id, ROLES["runner"][0], key, start=site.parts.clock.now(), days=365)
    add_line(site.settings.trust, line)
    made = fingerprint(runner.key)
    emit(args, text=f"{runner.key}: {made}", data={"schema": "murenger.keys.generate/1", "fingerprint": made})
    return IN_SYNC


def _generate_log_key(args: argparse.Namespace, site: Site) -> int:
    path = site.settings.runner.log_key
    if args.kind is not None and args.kind != KINDS["default"]:
        raise ConfigError("the log's key is always ed25519", hint="leave --kind out")
    if site.settings.crypto_profile == "fips":
        raise ConfigError(
            "crypto_profile fips has no log key: checkpoints are signed with Ed25519",
            hint="time stamps, git and syslog hold the head of the log",
        )
    if path is None:
        raise ConfigError("runner.log_key is not set in murenger.yml", hint="log_key: keys/log.pem")
    public = make_log_key_file(path, site.settings.store.origin, site.settings.trust)
    made = public.read_text(encoding="utf-8").strip()
    emit(args, text=f"{path}\n{public}: {made}", data={"schema": "murenger.keys.generate/1", "log": made})
    return IN_SYNC


def _rotate(args: argparse.Namespace) -> int:
    site = options.site_of(args)
    match = _OVERLAP.fullmatch(args.overlap)
    if match is None:
        raise ConfigError(f"--overlap {args.overlap!r} is no duration", hint="such as 48h or 2d")
    overlap = datetime.timedelta(hours=int(match[1]) * (24 if match[2] == "d" else 1))
    done = site.keyring.rotate(args.key.absolute(), overlap=overlap, custodian=args.custodian)
    lines = [
        f"record {done.record.sequence}: {done.key_fingerprint} signs for {site.settings.runner.id} from now on",
        f"the old key counts until {done.both_until:%Y-%m-%dT%H:%M:%SZ}",
        f"next: set runner.key to {args.key} in murenger.yml and restart the runner; then remove the old key",
    ]
    data = {
        "schema": "murenger.keys.rotate/1",
        "record": done.record.sequence,
        "fingerprint": done.key_fingerprint,
        "old_until": f"{done.both_until:%Y-%m-%dT%H:%M:%SZ}",
    }
    emit(args, text="\n".join(lines), data=data)
    return IN_SYNC


def _revoke(args: argparse.Namespace) -> int:
    site = options.site_of(args)
    end = _time(args.valid_before)
    done = site.keyring.revoke(args.who, end=end, reason=args.reason, custodian=args.custodian)
    covered = (
        "no anchor covers any record: nothing bounds what the key can have signed"
        if done.anchored_to is None
        else f"records up to {done.anchored_to} are covered by an anchor"
    )
    listed = ", ".join(map(str, done.suspect)) or "none"
    until = f"{end:%Y-%m-%dT%H:%M:%SZ}"
    lines = [
        f"record {done.record.sequence}: {done.key_fingerprint} of {done.principal} counts until {until}",
        covered,
        f"suspect records: {listed}",
        "next: give the new trust file to everybody who verifies",
    ]
    data = {
        "schema": "murenger.keys.revoke/1",
        "record": done.record.sequence,
        "principal": done.principal,
        "fingerprint": done.key_fingerprint,
        "anchored_to": done.anchored_to,
        "suspect": list(done.suspect),
    }
    emit(args, text="\n".join(lines), data=data)
    return IN_SYNC


def _time(text: str) -> datetime.datetime:
    try:
        at = datetime.datetime.fromisoformat(text)
    except ValueError as exc:
        raise ConfigError(f"{text!r} is no time", hint="such as 2026-11-21T12:00:00Z") from exc
    if at.tzinfo is None:
        raise ConfigError(f"{text!r} has no zone", hint="such as 2026-11-21T12:00:00Z")
    return at.astimezone(datetime.UTC)
