"""`murenger plan`: what would a heal apply to a device, live -> golden, and on whose authority?

Input: one device. Output: the plan, kept for `murenger approve` and `murenger heal`; exit 0 in sync, 1 drift,
2 trouble.
"""

import argparse

from murenger.cli import options
from murenger.cli.output import DRIFT, IN_SYNC, emit
from murenger.compare.impact_json import impact_json
from murenger.compare.impact_text import render_impact
from murenger.model import Action, Plan
from murenger.reconcile import Examination
from murenger.secrets import escape_for_terminal


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("plan", help="what would a heal apply, and on whose authority?")
    options.add_site(parser)
    options.add_check(parser)
    parser.add_argument("device", metavar="DEVICE")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make the plan and print it."""
    site = options.site_of(args)
    device = options.device_of(args, site)
    examination = site.examine(device)
    if examination.drift.in_sync:
        emit(args, text=f"{device.name}: in sync, nothing to plan", data=_data(examination, None, ""))
        return IN_SYNC
    plan, sha256 = None, ""
    if examination.drift.healable and args.check:
        plan = site.preview(examination)
    elif examination.drift.healable:
        made = site.plan(examination)
        plan, sha256 = made.plan, made.sha256
    emit(args, text=_text(examination, plan, sha256), data=_data(examination, plan, sha256))
    return DRIFT


def _text(examination: Examination, plan: Plan | None, sha256: str) -> str:
    decision = examination.decision
    lines = [f"{examination.device.name}: {decision.action.value}: {'; '.join(decision.reasons)}"]
    if plan is not None:
        lines += [
            f"  golden     {plan.golden_revision[:12]} by {examination.golden.approved_by}",
            f"  safety net {plan.safety_net.value}, reverts by itself after {plan.revert_in_s} s",
            *(f"  {line}" for line in render_impact(examination.drift.impact).splitlines()),
            "  will be applied, live -> golden:",
            *(f"    {step}" for step in plan.steps),
        ]
    if sha256:
        lines.append(f"  plan       {sha256}")
        lines.append(_next(examination, sha256))
    return "\n".join(escape_for_terminal(line) for line in lines)


def _next(examination: Examination, sha256: str) -> str:
    name = examination.device.name
    if examination.decision.action is Action.HEAL:
        return f"  next       murenger heal {name}"
    if examination.decision.awaits_approval:
        return f"  next       murenger approve {sha256[:12]} --key YOUR_SSH_KEY, then murenger heal {name}"
    return "  next       change what the reason names; nothing was done"


def _data(examination: Examination, plan: Plan | None, sha256: str) -> dict[str, object]:
    decision = examination.decision
    return {
        "schema": "murenger.plan/1",
        "device": examination.device.name,
        "in_sync": examination.drift.in_sync,
        "action": decision.action.value,
        "reasons": list(decision.reasons),
        "tier": decision.tier.value,
        "awaits_approval": decision.awaits_approval,
        "impact": impact_json(examination.drift.impact),
        "plan_sha256": sha256 or None,
        "golden_revision": examination.golden.revision,
        "golden_digest": examination.drift.golden_digest,
        "live_digest": examination.drift.live_digest,
        "expected_digest": plan.expected_digest if plan else None,
        "safety_net": plan.safety_net.value if plan else None,
        "revert_in_s": plan.revert_in_s if plan else None,
        "steps": list(plan.steps) if plan else [],
    }
