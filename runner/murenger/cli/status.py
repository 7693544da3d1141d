"""`murenger status`: is every device what it should be?

Input: live and golden of each device. Output: one line a device; exit 0 in sync, 1 drift, 2 trouble.
"""

import argparse

from murenger.cli import options
from murenger.cli.looking import Look, look_at
from murenger.cli.output import DRIFT, IN_SYNC, TROUBLE, emit, error_data, worst
from murenger.errors import MurengerError
from murenger.secrets import escape_for_terminal


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("status", help="is every device what it should be?")
    options.add_site(parser)
    options.add_limit(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print one line a device."""
    site = options.site_of(args)
    looks = look_at(site, options.devices_of(args, site))
    data = {"schema": "murenger.status/1", "devices": [_data(look) for look in looks]}
    emit(args, text=_table(looks), data=data)
    return worst([_code(look) for look in looks])


def _code(look: Look) -> int:
    _, found = look
    if isinstance(found, MurengerError):
        return TROUBLE
    return IN_SYNC if found.drift.in_sync else DRIFT


def _data(look: Look) -> dict[str, object]:
    device, found = look
    if isinstance(found, MurengerError):
        return {"device": device.name, "platform": device.platform, "state": "unknown", **error_data(found)}
    return {
        "device": device.name,
        "platform": device.platform,
        "state": "in-sync" if found.drift.in_sync else "drift",
        "differences": len(found.drift.differences),
        "effect": found.drift.impact.effect.value,
        "tier": found.decision.tier.value,
        "verdict": found.drift.impact.verdict.value,
        "violates": [violation.intent for violation in found.drift.impact.violations],
        "mode": found.decision.mode.value,
        "action": found.decision.action.value,
        "reasons": list(found.decision.reasons),
        "golden_revision": found.golden.revision,
        "golden_digest": found.drift.golden_digest,
        "live_digest": found.drift.live_digest,
        "last_in_sync_at": found.drift.last_in_sync_at.isoformat() if found.drift.last_in_sync_at else None,
    }


def _table(looks: tuple[Look, ...]) -> str:
    rows = [("DEVICE", "PLATFORM", "STATE", "EFFECT", "MODE", "NEXT"), *(_row(look) for look in looks)]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    )


def _row(look: Look) -> tuple[str, str, str, str, str, str]:
    device, found = look
    if isinstance(found, MurengerError):
        hint = f" ({found.hint})" if found.hint else ""
        return device.name, device.platform, "unknown", "-", "-", escape_for_terminal(f"{found.message}{hint}")
    if found.drift.in_sync:
        return device.name, device.platform, "in sync", "none", found.decision.mode.value, ""
    count = len(found.drift.differences)
    state = f"drift: {count} difference{'s' if count > 1 else ''}"
    following = f"{found.decision.action.value}: {'; '.join(found.decision.reasons)}"
    effect = found.drift.impact.effect.value
    # What a drift violates is what somebody looks for at night.
    violated = [violation.intent for violation in found.drift.impact.violations]
    following += f"; violates {', '.join(violated)}" if violated else ""
    return device.name, device.platform, state, effect, found.decision.mode.value, escape_for_terminal(following)
