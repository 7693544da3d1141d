"""`murenger diff`: what did the drift do, golden -> live, in the order that the device evaluates?

Input: devices, or two files and their platform. Output: the differences; exit 0 in sync, 1 drift, 2 trouble.
"""

import argparse
import pathlib
from collections.abc import Mapping

from murenger.adapters.parsers import PLATFORMS
from murenger.cli import options
from murenger.cli.looking import look_at
from murenger.cli.output import DRIFT, IN_SYNC, TROUBLE, complain, emit, error_data, worst
from murenger.compare import render_json, render_text
from murenger.decide import tier_of
from murenger.errors import ConfigError, MurengerError
from murenger.model import Drift
from murenger.wiring import compare_files


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("diff", help="what did the drift do, golden -> live?")
    options.add_site(parser)
    options.add_limit(parser)
    parser.add_argument("devices", nargs="*", metavar="DEVICE", help="as -l")
    files = parser.add_argument_group("two files, without any device")
    files.add_argument("--platform", choices=sorted(PLATFORMS), help="platform of both files")
    files.add_argument("--golden", type=pathlib.Path, metavar="FILE", help="what it should be")
    files.add_argument("--live", type=pathlib.Path, metavar="FILE", help="what it is")
    files.add_argument("--intents", type=pathlib.Path, metavar="FILE", help="what the policy is for (intents.yml)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the differences."""
    if args.platform or args.golden or args.live or args.intents:
        return _files(args)
    site = options.site_of(args)
    args.limit = [*args.limit, *args.devices]
    texts: list[str] = []
    entries: list[Mapping[str, object]] = []
    codes: list[int] = []
    for device, found in look_at(site, options.devices_of(args, site)):
        if isinstance(found, MurengerError):
            complain(found)
            entries.append({"device": device.name, **error_data(found)})
            codes.append(TROUBLE)
        else:
            texts.append(render_text(found.drift))
            entries.append({**render_json(found.drift), "tier": found.decision.tier.value})
            codes.append(_code(found.drift))
    emit(args, text="\n".join(texts), data={"schema": "murenger.diff/1", "devices": entries})
    return worst(codes)


def _files(args: argparse.Namespace) -> int:
    if not (args.platform and args.golden and args.live):
        raise ConfigError("two files are compared with all of --platform, --golden and --live")
    drift = compare_files(args.platform, golden=args.golden, live=args.live, intents=args.intents)
    emit(args, text=render_text(drift), data={**render_json(drift), "tier": tier_of(drift).value})
    return _code(drift)


def _code(drift: Drift) -> int:
    return IN_SYNC if drift.in_sync else DRIFT
