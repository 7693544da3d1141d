"""`murenger init`: a working directory with keys, an empty golden repository, trust files and a commented murenger.yml.

Input: names. Output: files that are not there yet; nothing is overwritten. What a person must sign is left unsigned.
"""

import argparse
import datetime
import pathlib
import secrets

from murenger.adapters.clock import SystemClock
from murenger.adapters.files.private import write_private
from murenger.adapters.git import initialise
from murenger.adapters.keys import fingerprint, generate_key, public_key
from murenger.cli.keys import KINDS, ROLES, add_line, make_log_key_file, trust_line
from murenger.cli.options import add_output
from murenger.cli.output import IN_SYNC, emit
from murenger.config import FILE_NAME, murenger_yml
from murenger.config.load import ORIGIN, ORIGIN_RULE, PRINCIPAL
from murenger.decide import standing_change_document
from murenger.errors import ConfigError
from murenger.model import Operation, check_device_name

STANDING_CHANGE = "decisions/standing-change.json"
_POLICY = """\
policies:
  - name: heal
    devices: [{devices}]
    mode: heal
    standing_change: {standing_change}   # counts once a person has signed it
    revert_in: {revert_in}s   # the device undoes by itself what is not confirmed within this time
    schedule:
      interval: 5m
    jitter: 30s
"""


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("init", help="make a working directory: settings, keys, golden repository, trust files")
    add_output(parser)
    parser.add_argument("directory", nargs="?", type=pathlib.Path, default=pathlib.Path(), metavar="DIR")
    parser.add_argument("--origin", required=True, help="name of this log, such as site1.fw.example.net")
    parser.add_argument("--runner-id", default="murenger", metavar="NAME", help="the runner's principal")
    parser.add_argument("--inventory", default="inventory", metavar="PATH", help="your Ansible inventory")
    parser.add_argument(
        "--vault-password-file", default="keys/vault-password", metavar="PATH", help="made if it is not there"
    )
    parser.add_argument(
        "--crypto-profile",
        choices=sorted(KINDS),
        default="default",
        help="default: Ed25519; fips: ECDSA P-256 and no log key (default: default)",
    )
    parser.add_argument(
        "--heal",
        action="append",
        default=[],
        metavar="DEVICE",
        help="prepare mode heal and a standing change for these devices, for a person to sign",
    )
    parser.add_argument("--revert-in", type=int, default=120, metavar="SECONDS", help="only with --heal")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make the working directory."""
    folder: pathlib.Path = args.directory.resolve()
    if (folder / FILE_NAME).exists():
        raise ConfigError(f"there is a {FILE_NAME} in {folder} already", hint="nothing was changed")
    _check_options(args)
    devices = tuple(check_device_name(name.strip()) for part in args.heal for name in part.split(",") if name.strip())
    made = [*_keys(folder, args), *_golden(folder)]
    if devices:
        made.append(_standing_change(folder, args, devices))
    (folder / FILE_NAME).write_text(_settings(args, devices), encoding="utf-8")
    made.append(folder / FILE_NAME)
    data = {"schema": "murenger.init/1", "directory": str(folder), "files": [str(path) for path in made]}
    emit(args, text="\n".join([*(f"made {path}" for path in made), *_next_steps(devices)]), data=data)
    return IN_SYNC


def _check_options(args: argparse.Namespace) -> None:
    """Refuse what murenger.yml could not hold, before anything is made."""
    if not ORIGIN.fullmatch(args.origin):
        raise ConfigError(f"--origin {args.origin!r} is not {ORIGIN_RULE}", hint="such as site1.fw.example.net")
    if not PRINCIPAL.fullmatch(args.runner_id):
        raise ConfigError(f"--runner-id {args.runner_id!r} is not a principal", hint="such as murenger@site1")
    if args.revert_in < 1:
        raise ConfigError("--revert-in must be at least 1 second")


def _keys(folder: pathlib.Path, args: argparse.Namespace) -> list[pathlib.Path]:
    keys, trust = folder / "keys", folder / "trust"
    for private in (keys, folder / "state"):
        private.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = []
    runner = keys / "runner"
    if not runner.exists():
        generate_key(runner, args.runner_id, KINDS[args.crypto_profile])
        made.append(runner)
    log_key = keys / "log.pem"
    if args.crypto_profile != "fips" and not log_key.exists():
        made += [log_key, make_log_key_file(log_key, args.origin, trust / "allowed_signers")]
    line = trust_line(args.runner_id, ROLES["runner"][0], public_key(runner), start=SystemClock().now(), days=365)
    add_line(trust / "allowed_signers", line)
    made.append(trust / "allowed_signers")
    vault = folder / args.vault_password_file
    if not vault.exists():
        vault.parent.mkdir(parents=True, exist_ok=True)
        write_private(vault, (secrets.token_urlsafe(32) + "\n").encode("ascii"))
        made.append(vault)
    return made


def _golden(folder: pathlib.Path) -> list[pathlib.Path]:
    initialise(folder / "golden")
    signers = folder / "trust" / "golden_signers"
    if not signers.exists():
        signers.write_text('# NAME namespaces="git" KEY, one line for each reviewer; see murenger keys trust\n')
    return [folder / "golden", signers]


def _standing_change(folder: pathlib.Path, args: argparse.Namespace, devices: tuple[str, ...]) -> pathlib.Path:
    path = folder / STANDING_CHANGE
    path.parent.mkdir(parents=True, exist_ok=True)
    content = standing_change_document(
        origin=args.origin,
        author=args.runner_id,
        author_key_fingerprint=fingerprint(folder / "keys" / "runner"),
        nonce=secrets.token_hex(16),
        not_after=SystemClock().now() + datetime.timedelta(days=90),
        devices=devices,
        operations=tuple(Operation),
        max_differences=20,
        reason="return devices to their approved golden policy as soon as they drift from it",
        security_impact="restores the approved policy; nothing that golden does not permit is permitted afterwards",
        backout="the device reverts by itself unless the change is confirmed over a fresh connection",
        test="the configuration read over a fresh connection equals golden",
    )
    path.write_bytes(content)
    return path


def _settings(args: argparse.Namespace, devices: tuple[str, ...]) -> str:
    names = {
        "origin": args.origin,
        "runner_id": args.runner_id,
        "inventory": args.inventory,
        "vault_password_file": args.vault_password_file,
        "crypto_profile": args.crypto_profile,
    }
    if not devices:
        return murenger_yml(**names)
    policies = _POLICY.format(
        devices=", ".join(f'"{device}"' for device in devices),
        standing_change=STANDING_CHANGE,
        revert_in=args.revert_in,
    )
    return murenger_yml(**names, policies=policies)


def _next_steps(devices: tuple[str, ...]) -> list[str]:
    steps = ["next: murenger keys trust YOU@EXAMPLE YOUR_KEY.pub --role approver --role reviewer"]
    if devices:
        steps.append(f"next: read and sign: murenger approve {STANDING_CHANGE} --key YOUR_KEY")
    else:
        steps.append("next: name your devices under policies in murenger.yml")
    accept = "next: murenger golden accept DEVICE... --key YOUR_KEY, then murenger status"
    prove = "next: murenger doctor --conformance DEVICE, for nothing is healed through a driver that was not tried"
    return [*steps, accept, prove]
