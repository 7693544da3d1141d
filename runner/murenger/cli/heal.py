"""`murenger heal`: return a device to golden, as a controlled change, through the remediation playbook.

Input: devices. Output: one line a device on how it ended; exit 0 healed or in sync, 2 held, refused or failed.
"""

import argparse
from typing import TypeAlias

from murenger.cli import options, plan
from murenger.cli.output import IN_SYNC, TROUBLE, complain, emit, error_data, say, worst
from murenger.errors import MurengerError
from murenger.model import Device, OutcomeVerdict
from murenger.reconcile import Pass
from murenger.secrets import escape_for_terminal
from murenger.wiring import Site

# A pass as its line for people, its data for machines and its exit code.
Told: TypeAlias = tuple[str, dict[str, object], int]


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("heal", help="return a device to golden, as a controlled change")
    options.add_site(parser)
    options.add_check(parser)
    parser.add_argument("device", metavar="DEVICE")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Heal one device, or with `--check` show the plan."""
    if args.check:
        return plan.run(args)
    site = options.site_of(args)
    device = options.device_of(args, site)
    say(f"{device.name}: looking, and healing where that is decided")
    text, data, code = heal_one(site, device)
    for error in site.incidents.flush():
        complain(error)
    emit(args, text=text, data={"schema": "murenger.heal/1", "devices": [data]})
    return worst([code])


def heal_one(site: Site, device: Device) -> Told:
    """Make one recorded pass and tell how it went; an error is told too."""
    try:
        return told(site.reconcile(device))
    except MurengerError as error:
        return failed(device, error)


def told(done: Pass) -> Told:
    """Return a pass as its line, its data and its exit code."""
    return _line(done), _data(done), _code(done)


def failed(device: Device, error: MurengerError) -> Told:
    """Complain about a pass that could not be made, and return it as no line, its data and its exit code."""
    error.device = error.device or device.name
    complain(error)
    return "", {"device": device.name, "verdict": "unknown", **error_data(error)}, TROUBLE


def _code(done: Pass) -> int:
    if done.outcome is None:
        return IN_SYNC if done.examination.drift.in_sync else TROUBLE
    return IN_SYNC if done.outcome.verdict is OutcomeVerdict.HEALED else TROUBLE


def _line(done: Pass) -> str:
    name, decision = done.examination.device.name, done.examination.decision
    if done.examination.drift.in_sync:
        return f"{name}: in sync"
    if done.outcome is None:
        return escape_for_terminal(f"{name}: held: {'; '.join(decision.reasons)}")
    outcome = done.outcome
    took = (outcome.ended_at - outcome.started_at).total_seconds()
    return escape_for_terminal(
        f"{name}: {outcome.verdict.value} in {took:.1f} s: {outcome.reason}; {outcome.flows_note}"
    )


def _data(done: Pass) -> dict[str, object]:
    decision, outcome = done.examination.decision, done.outcome
    return {
        "device": done.examination.device.name,
        "in_sync": done.examination.drift.in_sync,
        "action": decision.action.value,
        "reasons": list(decision.reasons),
        "tier": decision.tier.value,
        "verdict": outcome.verdict.value if outcome else None,
        "reason": outcome.reason if outcome else None,
        "before_digest": outcome.before_digest if outcome else None,
        "after_digest": outcome.after_digest if outcome else None,
        "plan_sha256": outcome.plan_sha256 if outcome else None,
        "flows_cut": outcome.flows_cut if outcome else None,
        "flows_note": outcome.flows_note if outcome else None,
    }
