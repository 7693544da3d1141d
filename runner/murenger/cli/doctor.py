"""`murenger doctor`: would healing work, and if not, what is to be done?

Input: the site. Output: one line a check; exit 0 all well (warnings allowed), 2 something fails.
"""

import argparse
import dataclasses
import pathlib
import shutil
import sys
from collections.abc import Iterator

from murenger.adapters.files.settings_check import problems
from murenger.cli import conformance, options
from murenger.cli.channel_doctor import channel_findings
from murenger.cli.ledger_doctor import Finding, ledger_findings, tried
from murenger.cli.output import IN_SYNC, TROUBLE, emit
from murenger.model import Device, Mode, RawRead
from murenger.secrets import escape_for_terminal
from murenger.wiring import Site

PROGRAMS = (("git", "git"), ("ssh-keygen", "openssh-client"), ("ansible-playbook", "ansible-core"))


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("doctor", help="would healing work, and if not, what is to be done?")
    options.add_site(parser)
    options.add_limit(parser)
    parser.add_argument(
        "--devices", action="store_true", help="also read each device, and say what is proved of its driver"
    )
    conformance.add_options(parser)
    parser.add_argument("--notify", action="store_true", help="also send a test message to each channel")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print one line a check, or try a driver."""
    if args.conformance is not None:
        return conformance.run(args)
    site = options.site_of(args)
    found = [
        *_programs(),
        *_settings(site),
        *_golden(site),
        *ledger_findings(site),
        *_policies(site),
        conformance.summary(site),
    ]
    found += channel_findings(site, sends=args.notify)
    if args.devices:
        found += _devices(args, site)
    lines = [f"{item.level:8}{item.text}{f' ({item.hint})' if item.hint else ''}" for item in found]
    data = {"schema": "murenger.doctor/1", "checks": [dataclasses.asdict(item) for item in found]}
    emit(args, text=escape_for_terminal("\n".join(lines)), data=data)
    return TROUBLE if any(item.level == "fault" for item in found) else IN_SYNC


def _programs() -> Iterator[Finding]:
    # Where the launcher looks first: an installation's own ansible-playbook need not be on PATH.
    own = str(pathlib.Path(sys.executable).parent)
    for program, package in PROGRAMS:
        path = shutil.which(program, path=own) or shutil.which(program)
        if path is None:
            yield Finding(level="fault", text=f"{program} is not on PATH", hint=f"install {package}")
        else:
            yield Finding(level="ok", text=f"{program}: {path}")


def _settings(site: Site) -> Iterator[Finding]:
    for problem in problems(site.settings, site.parts.inventory):
        yield Finding(level="fault", text=f"{problem.file.name}:{problem.line}: {problem.text}", hint=problem.hint)


def _golden(site: Site) -> Iterator[Finding]:
    yield tried("golden policy", lambda: f"golden revision {site.desk.revision()[0].revision[:12]}")


def _policies(site: Site) -> Iterator[Finding]:
    healing = [policy for policy in site.settings.policies if policy.mode is Mode.HEAL]
    if not healing:
        yield Finding(level="warning", text="no policy has mode heal", hint="nothing is ever healed by itself")
    for policy in healing:

        def state() -> str:
            _, approval = site.parts.approvals.standing(policy)  # noqa: B023 - called before the next round
            return f"policy {policy.name!r}: standing change signed by {approval.principal}"  # noqa: B023

        yield tried(f"policy {policy.name!r}", state)


def _devices(args: argparse.Namespace, site: Site) -> Iterator[Finding]:
    read: list[tuple[Device, RawRead]] = []
    for device in options.devices_of(args, site):

        def state() -> str:
            raw = site.parts.source.read(device)  # noqa: B023 - called before the next round
            read.append((device, raw))  # noqa: B023 - called before the next round
            return f"{device.name}: {raw.driver}, {raw.os_version}, peer by {raw.identity.value}"  # noqa: B023

        yield tried(device.name, state)
    yield from conformance.findings(site, read)
