"""Plans: what will be applied and what the device must look like afterwards, fixed before anything is touched.

Input: a drift, the two snapshots and the texts derived from them. Output: a `Plan` that any later change of them voids.
"""

import datetime

from murenger.errors import GuardRefusedError
from murenger.model import Decision, Drift, Golden, Plan, SafetyNet, Snapshot, digest_of

# A plan older than this was computed from a device that may have moved on; making a new one costs one read.
PLAN_LIFETIME = datetime.timedelta(hours=1)
# A person who is asked for approval needs longer than a machine.
PROPOSAL_LIFETIME = datetime.timedelta(hours=24)


def make_plan(
    *,
    drift: Drift,
    live: Snapshot,
    golden: Golden,
    candidate: str,
    expected: str,
    steps: tuple[str, ...],
    decision: Decision,
    safety_net: SafetyNet,
    now: datetime.datetime,
) -> Plan:
    """Make the plan that undoes a drift.

    Args:
        drift: golden -> live.
        live: the snapshot the drift was computed from.
        golden: the golden policy the drift was computed from.
        candidate: canonical text that is applied: golden, and live's own parts where the policy leaves those alone.
        expected: canonical text that a read after the change must give: golden, with live's foreign parts.
        steps: what will be applied, live -> expected, one line each; no secret.
        decision: what was decided about the drift.
        safety_net: how the device returns by itself.
        now: the time.

    Raises:
        GuardRefusedError: the snapshots are not those of the drift, or there is nothing to heal.
    """
    if drift.live_digest != live.digest or drift.golden_digest != golden.snapshot.digest:
        raise GuardRefusedError("the plan's texts are not those that were compared", device=drift.device)
    if not drift.healable:
        raise GuardRefusedError("there is nothing that healing may change", device=drift.device)
    expected_digest = digest_of(expected)
    if expected_digest == live.digest:
        # Nobody could tell such a change that was made from one that was not.
        raise GuardRefusedError("the change would leave live as it is", device=drift.device)
    lifetime = PROPOSAL_LIFETIME if decision.awaits_approval else PLAN_LIFETIME
    return Plan(
        device=drift.device,
        platform=drift.platform,
        serial=live.serial,
        drift=drift,
        golden_revision=golden.revision,
        candidate=candidate,
        rollback=live.text,
        expected_digest=expected_digest,
        steps=steps,
        safety_net=safety_net,
        revert_in_s=decision.policy.revert_in_s,
        made_at=now,
        expires_at=now + lifetime,
    )
