"""The verb `lab`: up, down, status, drift, probe.

Input: parsed arguments. Output: results on standard output, progress on standard error, an exit code.
"""

import argparse
import json
import os
import pathlib
import sys
from collections.abc import Callable, Mapping, Sequence

from murenger.errors import MurengerError
from murenger.lab import anchors, firewall, site
from murenger.lab.blueprints import BLUEPRINTS, Blueprint, blueprint
from murenger.lab.failure import LabError
from murenger.lab.firewall.console import ask_device

SCHEMA = "1.0"
_DONE, _NOT_SO, _TROUBLE = 0, 1, 2


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb `lab` to a command line.

    Args:
        subparsers: what `add_subparsers` returned; `run` in the parsed arguments is the function to call.
    """
    parser = subparsers.add_parser("lab", help="real and emulated devices on this machine", description=__doc__)
    add_verbs(parser)


def add_verbs(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of the lab to a parser.

    Args:
        parser: the parser of `lab`.
    """
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--dir", type=pathlib.Path, default=pathlib.Path("lab"), metavar="DIR", help="the lab's folder")
    common.add_argument("-o", "--output", choices=("text", "json"), default="text", help="form of the result")
    verbs = parser.add_subparsers(dest="lab_verb", required=True, metavar="VERB")

    def add(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        verb = verbs.add_parser(name, parents=[common], help=text, description=text)
        verb.set_defaults(run=_guarded(run))
        return verb

    names = ", ".join(item.name for item in BLUEPRINTS)
    up = add("up", _up, "start devices and write their inventory")
    up.add_argument("devices", nargs="*", metavar="DEVICE", help=f"{names}; all when none is named")
    up.add_argument("--form", choices=firewall.FORMS, default=firewall.USERNS, help="how fw1 runs; netns needs root")
    down = add("down", _down, "stop devices and remove what was made for them")
    down.add_argument("devices", nargs="*", metavar="DEVICE", help=f"{names}; all when none is named")
    add("status", _status, "say how each device is")
    drift = add("drift", _drift, "change a device behind murenger's back, as another administrator would")
    drift.add_argument("device", metavar="DEVICE", help=names)
    drift.add_argument("scenario", nargs="?", metavar="SCENARIO", help="what to change")
    drift.add_argument("--list", action="store_true", dest="list_scenarios", help="list the scenarios of the device")
    keepers = add("anchors", _anchors, "start those who hold the head of a log, and print the settings for them")
    keepers.add_argument("log_key", type=pathlib.Path, metavar="VKEY", help="the log's public key, such as log.vkey")
    held = add("checkpoint", _checkpoint, "ask the lab's witness for the newest checkpoint of a log")
    held.add_argument("origin", metavar="ORIGIN", help="name of the log")
    _add_probe(add("probe", _probe, "try a real TCP connection through the firewall"))


def _add_probe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("device", metavar="DEVICE", help="fw1")
    parser.add_argument("--source", default="client", help="where to come from (default: client)")
    parser.add_argument("--target", default="carddb", help="what to reach (default: carddb)")
    parser.add_argument("--port", type=int, default=5432, help="TCP port (default: 5432)")
    parser.add_argument("--ip", type=int, choices=(4, 6), default=4, help="version of IP (default: 4)")
    parser.add_argument("--hold", action="store_true", help="keep the session open and print its name")
    parser.add_argument("--session", metavar="NAME", help="ask whether a held session is still alive instead")


def _guarded(run: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    def guarded(args: argparse.Namespace) -> int:
        try:
            return run(args)
        except MurengerError as exc:
            _say(str(exc))
            return exc.exit_code

    return guarded


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _print(args: argparse.Namespace, kind: str, value: Mapping[str, object], text: Sequence[str]) -> None:
    if args.output == "json":
        text = [json.dumps({"kind": kind, "schema": SCHEMA, **value}, indent=2, sort_keys=True)]
    sys.stdout.write("".join(f"{line}\n" for line in text))


def _chosen(names: Sequence[str]) -> tuple[Blueprint, ...]:
    return tuple(dict.fromkeys(blueprint(name) for name in names)) or BLUEPRINTS


def _as_json(item: site.DeviceStatus) -> dict[str, object]:
    return {
        "name": item.name,
        "title": item.title,
        "state": item.state.value,
        "address": item.address,
        "port": item.port,
        "pid": item.pid,
        "form": item.form,
        "detail": item.detail,
    }


def _as_line(item: site.DeviceStatus) -> str:
    where = f"{item.address}:{item.port}" if item.state is site.State.UP else item.detail
    return f"{item.name:<6} {item.state.value:<5} {where:<21} {item.title}".rstrip()


def _up(args: argparse.Namespace) -> int:
    if args.form == firewall.NETNS and os.geteuid() != 0:
        raise LabError("the form netns needs root", hint="use --form userns")
    found = site.up(args.dir, _chosen(args.devices), args.form, _say)
    lab_dir = args.dir.resolve()
    places = {
        "inventory": str(lab_dir / "inventory"),
        "vault_password_file": str(lab_dir / "vault-password"),
        "known_hosts": str(lab_dir / "known_hosts"),
    }
    text = [*map(_as_line, found), *(f"{name.replace('_', ' ')}: {path}" for name, path in places.items())]
    _print(args, "lab-up", {"devices": [_as_json(item) for item in found], **places}, text)
    running = [item for item in found if item.state is site.State.UP]
    failed = len(running) < len(found) if args.devices else not running
    return _TROUBLE if failed else _DONE


def _down(args: argparse.Namespace) -> int:
    chosen = _chosen(args.devices)
    site.down(args.dir, chosen, _say)
    _print(args, "lab-down", {"devices": [item.name for item in chosen]}, [])
    return _DONE


def _anchors(args: argparse.Namespace) -> int:
    if not (args.dir / site.MARKER).exists():
        raise LabError(f"{args.dir} is no lab folder", hint="run `murenger lab up` first")
    try:
        log_key = args.log_key.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise LabError(f"{args.log_key} cannot be read: {exc}", hint="murenger keys generate --log makes one") from exc
    settings = anchors.up(args.dir, log_key)
    _print(args, "lab-anchors", {"settings": settings}, settings.splitlines())
    return _DONE


def _checkpoint(args: argparse.Namespace) -> int:
    found = anchors.checkpoint(args.dir, args.origin)
    _print(args, "lab-checkpoint", {"checkpoint": found}, found.splitlines())
    return _DONE


def _status(args: argparse.Namespace) -> int:
    found = site.status(args.dir)
    _print(args, "lab-status", {"devices": [_as_json(item) for item in found]}, [_as_line(item) for item in found])
    return _DONE if all(item.state is site.State.UP for item in found) else _NOT_SO


def _drift(args: argparse.Namespace) -> int:
    device_dir = args.dir / blueprint(args.device).name
    if not device_dir.is_dir():
        raise LabError("it is not up", device=args.device, hint="run `murenger lab up`")
    if args.list_scenarios:
        found = _scenarios(ask_device(device_dir, {"op": "scenarios"})["scenarios"])
        listed = [{"name": name, "summary": summary} for name, summary in found]
        text = [f"{name:<24} {summary}".rstrip() for name, summary in found]
        _print(args, "lab-scenarios", {"device": args.device, "scenarios": listed}, text)
        return _DONE
    if args.scenario is None:
        raise LabError("no scenario named", device=args.device, hint="--list shows them")
    firewall.drift(device_dir, args.scenario)
    text = [f"{args.device}: {args.scenario}"]
    _print(args, "lab-drift", {"device": args.device, "scenario": args.scenario}, text)
    return _DONE


def _scenarios(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise LabError("the device answered `scenarios` with something else than names and summaries")
    return tuple((str(name), str(summary)) for name, summary in value.items())


def _probe(args: argparse.Namespace) -> int:
    device_dir = args.dir / blueprint(args.device).name
    if not device_dir.is_dir():
        raise LabError("it is not up", device=args.device, hint="run `murenger lab up`")
    if args.session:
        alive = firewall.Held(device_dir=device_dir, name=args.session).is_alive()
        text = [f"{args.session}: {'alive' if alive else 'cut'}"]
        _print(args, "lab-session", {"session": args.session, "alive": alive}, text)
        return _DONE if alive else _NOT_SO
    path = f"{args.source} -> {args.target}:{args.port}"
    if args.hold:
        held = firewall.hold(device_dir, source=args.source, target=args.target, port=args.port, version=args.ip)
        _print(args, "lab-session", {"session": held.name, "alive": True}, [held.name])
        return _DONE
    result = firewall.probe(device_dir, source=args.source, target=args.target, port=args.port, version=args.ip)
    value = {"connected": result.connected, "detail": result.detail, "took_s": result.took_s}
    _print(args, "lab-probe", {"path": path, **value}, [f"{path}: {result.detail}"])
    return _DONE if result.connected else _NOT_SO
