# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action of the module remediation: carry out one plan on one device.

Input: a device and the digest of its plan. Output: a signed outcome; in check mode what it would be, and nothing else.
"""

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible_collections.murenger.drift.plugins.plugin_utils import _bridge, _rehearsal, _results
from ansible_collections.murenger.drift.plugins.plugin_utils._spec import DEVICE

ARGUMENT_SPEC = {
    **DEVICE,
    "plan": {"type": "str"},
    "trigger": {"type": "str", "default": "manual", "choices": ["schedule", "syslog", "manual", "api"]},
}


class ActionModule(ActionBase):
    """Heals one device."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_async = False
    _supports_check_mode = True

    def run(self, tmp: None = None, task_vars: dict[str, object] | None = None) -> dict[str, object]:
        """Carry out the plan, or in check mode rehearse it."""
        result = super().run(tmp, task_vars)
        options = _bridge.plain_options(self, ARGUMENT_SPEC, task_vars)
        call = self._rehearse if self._task.check_mode else self._remediate
        result.update(_bridge.run_library(lambda: call(options)))
        return result

    def _rehearse(self, options: _bridge.Options) -> _bridge.Answer:
        site = _bridge.site_of(options)
        device = _bridge.device_of(site, options)
        examination, plan = _rehearsal.remediation(site, device, options["plan"])
        facts = {"changed": plan is not None, "device": device.name, "plan_sha256": options["plan"]}
        facts.update(_results.plan_facts(plan), before_digest=str(examination.drift.live_digest))
        if self._task.diff:
            facts["diff"] = _results.plan_diff(examination, plan)
        return facts, examination.secrets.values()

    def _remediate(self, options: _bridge.Options) -> _bridge.Answer:
        if not options["plan"]:
            raise _bridge.RefusedError("plan is missing; only check mode goes without: murenger.drift.plan makes one")
        site = _bridge.site_of(options)
        device = _bridge.device_of(site, options)
        # The outcome may quote what the device said, and the device knows its golden secrets.
        secrets = tuple(_rehearsal.present_golden(site, device)[1])
        # The difference is worth a read of its own only to who asked for it.
        seen = _rehearsal.remediation(site, device, options["plan"]) if self._task.diff else None
        outcome = site.remediate(device, options["plan"])
        facts = {"changed": False, "device": device.name, "plan_sha256": options["plan"], "verdict": None}
        if outcome is not None:
            facts.update(_results.outcome_facts(outcome, _rehearsal.record_number(site, options["plan"])))
            facts["changed"] = facts["verdict"] != "not-applied"
        if facts["verdict"] not in (None, "healed"):
            message = f"{device.name}: {outcome.verdict.value}: {outcome.reason}"
            raise _bridge.RefusedError(message, secrets=secrets, **facts)
        if seen is not None:
            facts["diff"] = _results.plan_diff(*seen)
            secrets = (*secrets, *seen[0].secrets.values())
        return facts, secrets
