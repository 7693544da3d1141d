# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results: the library's values as keys of a task's result.

Input: examinations, plans, outcomes. Output: dictionaries of texts, numbers and lists; not yet redacted.
"""

from __future__ import annotations

import pathlib

try:
    from murenger.compare import render_json
    from murenger.model import Drift, Golden, Outcome, Plan, Snapshot
    from murenger.reconcile import Examination
    from murenger.wiring import read_configuration, trace_packets
except ImportError as exc:
    # The bridge, which every call passes first, says what is missing.
    render_json = Drift = Golden = Outcome = Plan = Snapshot = Examination = None
    read_configuration = trace_packets = None
    IMPORT_ERROR = exc
else:
    IMPORT_ERROR = None

Facts = dict[str, object]


def decision_facts(examination: Examination) -> Facts:
    """Return what was decided about a drift, and why."""
    decision = examination.decision
    return {
        "device": examination.device.name,
        "in_sync": examination.drift.in_sync,
        "mode": decision.mode.value,
        "action": decision.action.value,
        "reasons": list(decision.reasons),
        "tier": decision.tier.value,
        "awaits_approval": decision.awaits_approval,
        "golden_revision": examination.golden.revision,
        "golden_digest": str(examination.drift.golden_digest),
        "live_digest": str(examination.drift.live_digest),
    }


def drift_facts(drift: Drift) -> Facts:
    """Return a drift as `murenger diff -o json` prints it, golden -> live."""
    return render_json(drift)


def trace_facts(platform: str, text: str, packets: list[dict[str, object]]) -> Facts:
    """Return what rules do with packets, as `murenger trace` says it.

    Raises:
        ValueError: a packet is none; the message names it by its number.
    """
    return {"schema": "murenger.trace/1", "answers": trace_packets(platform, text, packets)}


def file_text(path: pathlib.Path) -> str:
    """Return the text of a configuration."""
    return read_configuration(path)


def snapshot_facts(snapshot: Snapshot) -> Facts:
    """Return what a read was of and how it was made, without its text."""
    return {
        "device": snapshot.device,
        "platform": snapshot.platform,
        "digest": str(snapshot.digest),
        "taken_at": snapshot.taken_at.isoformat(),
        "identity": snapshot.identity.value,
        "driver": snapshot.driver,
        "os_version": snapshot.os_version,
        "serial": snapshot.serial,
    }


def golden_facts(golden: Golden | None) -> Facts:
    """Return which revision of golden policy counts; keys without values where there is none."""
    return {
        "revision": golden.revision if golden else None,
        "approved_by": golden.approved_by if golden else None,
        "key_fingerprint": golden.key_fingerprint if golden else None,
    }


def plan_facts(plan: Plan | None) -> Facts:
    """Return what a plan would apply, live -> golden; the same keys without values where there is no plan."""
    return {
        "expected_digest": str(plan.expected_digest) if plan else None,
        "safety_net": plan.safety_net.value if plan else None,
        "revert_in_s": plan.revert_in_s if plan else None,
        "steps": list(plan.steps) if plan else [],
    }


def plan_diff(examination: Examination, plan: Plan | None) -> dict[str, str]:
    """Return a difference in Ansible's direction: before is live, after is what will run."""
    name = examination.device.name
    return text_diff(
        before=examination.live.text,
        after=plan.candidate if plan else examination.live.text,
        before_header=f"{name} live",
        after_header=f"{name} golden",
    )


def text_diff(*, before: str, after: str, before_header: str, after_header: str) -> dict[str, str]:
    """Return a difference as Ansible shows it."""
    return {"before": before, "after": after, "before_header": before_header, "after_header": after_header}


def outcome_facts(outcome: Outcome, number: int | None) -> Facts:
    """Return how a heal ended.

    Args:
        outcome: the outcome.
        number: of its change record, or None if it cannot be found.
    """
    return {
        "device": outcome.device,
        "plan_sha256": outcome.plan_sha256,
        "verdict": outcome.verdict.value,
        "reason": outcome.reason,
        "before_digest": str(outcome.before_digest),
        "after_digest": str(outcome.after_digest) if outcome.after_digest else None,
        "flows_cut": outcome.flows_cut,
        "flows_note": outcome.flows_note,
        "record": number,
        "started_at": outcome.started_at.isoformat(),
        "ended_at": outcome.ended_at.isoformat(),
    }


def path_text(path: pathlib.Path | None) -> str | None:
    """Return a path as text, or None."""
    return str(path) if path is not None else None
