"""`murenger doctor --conformance`: what does the driver of a device really do? And what is proved of it so far?

Input: a site and a device. Output: a signed capability file, one line a proof; exit 0 when healing lacks none and the
device is as it was found, 2 else.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence

from murenger.adapters.napalm.conformance import Progress
from murenger.adapters.napalm.conformance.harmless import harmless
from murenger.cli import options
from murenger.cli.ledger_doctor import Finding
from murenger.cli.output import IN_SYNC, TROUBLE, emit, say
from murenger.errors import MurengerError
from murenger.model import Device, RawRead
from murenger.model.capability import NEEDED_TO_HEAL, Capability
from murenger.secrets import escape_for_terminal
from murenger.wiring import Site
from murenger.wiring.conforming import Conforming, Tried

_LINE_EVERY_S = 15.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a conformance run."""
    parser.add_argument(
        "--conformance", metavar="DEVICE", help="try what this device's driver can do; changes the device for moments"
    )
    parser.add_argument("--yes", action="store_true", help="with --conformance: do not ask")


def run(args: argparse.Namespace) -> int:
    """Try the driver of one device, and say what is proved."""
    site = options.site_of(args)
    args.device = args.conformance
    device = options.device_of(args, site)
    change = harmless(device.platform)
    say(
        f"{device.name}: {change.what} ({change.mark}) is put in and taken out again, several times; what it runs then "
        "becomes its startup configuration; nobody else should work on it meanwhile"
    )
    if not args.yes and not _agreed(device):
        say("not tried; nothing was touched")
        return TROUBLE
    tried = Conforming(site.parts, site.journal, site.desk).try_driver(device, _Reporter(device.name).report)
    text, data, code = told(tried)
    emit(args, text=text, data=data)
    if tried.run.stranded:
        say(f"murenger: {device.name}: {tried.run.stranded} ({tried.run.hint})")
    return code


def told(tried: Tried) -> tuple[str, dict[str, object], int]:
    """Return a run as its lines for people, its data for machines and its exit code."""
    code = TROUBLE if tried.run.stranded or tried.run.capability.missing() else IN_SYNC
    return escape_for_terminal("\n".join(_lines(tried))), _data(tried), code


def findings(site: Site, devices: Sequence[tuple[Device, RawRead]]) -> Iterator[Finding]:
    """Yield which files do not count, and what is proved of the drivers of devices that were read."""
    files = site.parts.capabilities
    for found in files.survey():
        if found.capability is None:
            yield Finding(level="warning", text=f"{found.path.name} proves nothing: {found.fault}", hint=found.hint)
    for device, raw in devices:
        driver, _, version = raw.driver.partition(" ")
        yield _proved(device, raw, files.find(driver, version, raw.os_version))


def summary(site: Site) -> Finding:
    """Return for how many drivers and versions something is proved; no device is asked."""
    counting = [found.capability for found in site.parts.capabilities.survey() if found.capability is not None]
    if not counting:
        return Finding(
            level="warning",
            text="no capability file counts: nothing is proved of any driver, so nothing can be healed",
            hint="murenger doctor --conformance DEVICE",
        )
    told = "; ".join(f"{item.driver} {item.driver_version} on {item.os_version}" for item in counting)
    return Finding(level="ok", text=f"capability files: {told}")


def _proved(device: Device, raw: RawRead, capability: Capability | None) -> Finding:
    what = f"{device.name}: {raw.driver} on {raw.os_version}"
    if capability is None:
        hint = f"murenger doctor --conformance {device.name}"
        return Finding(level="warning", text=f"{what}: nothing is proved, so it cannot be healed", hint=hint)
    missing = capability.missing()
    if missing:
        told = "; ".join(f"{name.value}: {capability.reason(name)}" for name in missing)
        return Finding(level="warning", text=f"{what}: cannot be healed, not proved: {told}")
    names = ", ".join(proof.name.value for proof in capability.proofs if proof.proved)
    return Finding(level="ok", text=f"{what}: proved on {capability.made_at:%Y-%m-%d}: {names}")


class _Reporter:
    """Shows where a run is: a line that moves on a terminal, and a line now and then elsewhere.

    Args:
        device: name of the device.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._said_at_s = time.monotonic()

    def report(self, progress: Progress) -> None:
        """Show it."""
        left = f", {progress.left_s:.0f} s" if progress.left_s else ""
        line = escape_for_terminal(f"{self._device}: {progress.done}/{progress.total} {progress.what}{left}")
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\033[K{line if progress.done < progress.total else ''}")
            sys.stderr.flush()
        elif time.monotonic() - self._said_at_s > _LINE_EVERY_S:
            self._said_at_s = time.monotonic()
            say(line)


def _lines(tried: Tried) -> Iterator[str]:
    capability = tried.run.capability
    yield (
        f"{capability.device}: {capability.driver} {capability.driver_version} on {capability.os_version}, "
        f"{capability.made_at:%Y-%m-%dT%H:%M:%SZ}"
    )
    for proof in capability.proofs:
        needed = " (healing needs it)" if not proof.proved and proof.name in NEEDED_TO_HEAL else ""
        yield f"  {'proved    ' if proof.proved else 'not proved'}  {proof.name.value:18}{proof.reason}{needed}"
    missing = ", ".join(name.value for name in capability.missing())
    yield f"cannot be healed: {missing} not proved" if missing else "all is proved that healing needs"
    yield "the device is NOT as it was found" if tried.run.stranded else "the device is as it was found"
    yield f"signed: {tried.path}"


def _data(tried: Tried) -> dict[str, object]:
    capability = tried.run.capability
    return {
        "schema": "murenger.conformance/1",
        "device": capability.device,
        "driver": capability.driver,
        "driver_version": capability.driver_version,
        "platform": capability.platform,
        "os_version": capability.os_version,
        "made_at": f"{capability.made_at:%Y-%m-%dT%H:%M:%SZ}",
        "proofs": [
            {"name": proof.name.value, "proved": proof.proved, "reason": proof.reason} for proof in capability.proofs
        ],
        "missing": [name.value for name in capability.missing()],
        "as_found": not tried.run.stranded,
        "stranded": tried.run.stranded,
        "file": str(tried.path),
    }


def _agreed(device: Device) -> bool:
    if not sys.stdin.isatty():
        raise MurengerError("nobody is there to ask", device=device.name, hint="use --yes to let it be changed")
    sys.stderr.write(f"try it on {device.name}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
