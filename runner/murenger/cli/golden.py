"""`murenger golden accept|show|history|verify`: the policy that devices should run, kept in signed git.

Input: devices, a person's SSH key. Output: signed commits, and what golden says; exit 0 done, 2 trouble.
"""

import argparse
import pathlib

from murenger.cli import options
from murenger.cli.output import IN_SYNC, TROUBLE, complain, emit, error_data, say, worst
from murenger.errors import ConfigError, MurengerError
from murenger.secrets import escape_for_terminal, redact
from murenger.wiring.site import AcceptedGolden


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("golden", help="accept, show and verify golden policy")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    accept = actions.add_parser("accept", help="make what a device runs now its golden policy, signed with your key")
    options.add_site(accept)
    accept.add_argument("devices", nargs="+", metavar="DEVICE")
    accept.add_argument("--key", required=True, metavar="FILE", help="your SSH key; a .pub file uses ssh-agent")
    accept.add_argument("--from", dest="text_file", type=pathlib.Path, metavar="FILE", help="a file, not live")
    accept.add_argument("-m", "--message", default="", help="why; becomes the commit message")
    accept.set_defaults(run=_accept)
    show = actions.add_parser("show", help="print a device's golden policy, secrets redacted")
    options.add_site(show)
    show.add_argument("device", metavar="DEVICE")
    show.set_defaults(run=_show)
    history = actions.add_parser("history", help="list the revisions of a device's golden policy, newest first")
    options.add_site(history)
    history.add_argument("device", metavar="DEVICE")
    history.set_defaults(run=_history)
    verify = actions.add_parser("verify", help="is the golden repository's head signed by somebody who may?")
    options.add_site(verify)
    verify.set_defaults(run=_verify)


def _accept(args: argparse.Namespace) -> int:
    site = options.site_of(args)
    if args.text_file is not None and len(args.devices) != 1:
        raise ConfigError("--from takes exactly one device")
    args.limit = args.devices
    entries: list[dict[str, object]] = []
    codes = []
    for device in options.devices_of(args, site):
        say(f"{device.name}: reading and signing")
        try:
            done = site.accept_golden(device, signing_key=args.key, message=args.message, text_file=args.text_file)
        except MurengerError as error:
            # What was accepted before stays accepted, so it is told, and the devices after this one get their turn.
            error.device = error.device or device.name
            complain(error)
            entries.append({"device": device.name, "changed": False, **error_data(error)})
            codes.append(TROUBLE)
            continue
        if args.output == "text":
            emit(args, text=_accepted_line(device.name, done), data={})
        entries.append(_accepted_data(device.name, done))
        codes.append(IN_SYNC)
    if args.output == "json":
        emit(args, text="", data={"schema": "murenger.golden/1", "devices": entries})
    return worst(codes)


def _accepted_line(name: str, done: AcceptedGolden) -> str:
    verb = "accepted" if done.changed else "unchanged"
    return f"{name}: {verb} at revision {done.golden.revision[:12]}, signed by {done.golden.approved_by}"


def _accepted_data(name: str, done: AcceptedGolden) -> dict[str, object]:
    return {
        "device": name,
        "changed": done.changed,
        "revision": done.golden.revision,
        "digest": done.golden.snapshot.digest,
        "approved_by": done.golden.approved_by,
    }


def _show(args: argparse.Namespace) -> int:
    site = options.site_of(args)
    device = options.device_of(args, site)
    golden, _ = site.desk.golden(device)
    shown = escape_for_terminal(redact(golden.snapshot.text))
    data = {
        "schema": "murenger.golden.show/1",
        "device": device.name,
        "revision": golden.revision,
        "digest": golden.snapshot.digest,
        "approved_by": golden.approved_by,
        "text": redact(golden.snapshot.text),
    }
    emit(args, text=shown, data=data)
    return IN_SYNC


def _history(args: argparse.Namespace) -> int:
    site = options.site_of(args)
    device = options.device_of(args, site)
    revisions = site.desk.store.history(device.name)
    data = {"schema": "murenger.golden.history/1", "device": device.name, "revisions": list(revisions)}
    emit(args, text="\n".join(revisions), data=data)
    return IN_SYNC


def _verify(args: argparse.Namespace) -> int:
    site = options.site_of(args)
    accepted, is_new = site.desk.revision()
    state = "not yet seen by this site" if is_new else f"accepted at {accepted.approved_at:%Y-%m-%dT%H:%M:%SZ}"
    data = {
        "schema": "murenger.golden.verify/1",
        "revision": accepted.revision,
        "approved_by": accepted.approved_by,
        "key_fingerprint": accepted.key_fingerprint,
        "is_new": is_new,
    }
    emit(args, text=f"{accepted.revision} signed by {accepted.approved_by}, {state}", data=data)
    return IN_SYNC
