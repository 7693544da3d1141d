# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action of the module plan: what would a heal apply, and on whose authority?

Input: a device. Output: the plan, kept and recorded; in check mode previewed only.
"""

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible_collections.murenger.drift.plugins.plugin_utils import _bridge, _results
from ansible_collections.murenger.drift.plugins.plugin_utils._spec import DEVICE

ARGUMENT_SPEC = DEVICE


class ActionModule(ActionBase):
    """Makes the plan of one device."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_async = False
    _supports_check_mode = True

    def run(self, tmp: None = None, task_vars: dict[str, object] | None = None) -> dict[str, object]:
        """Make the plan, or in check mode preview it."""
        result = super().run(tmp, task_vars)
        options = _bridge.plain_options(self, ARGUMENT_SPEC, task_vars)
        result.update(_bridge.run_library(lambda: self._plan(options)))
        return result

    def _plan(self, options: _bridge.Options) -> _bridge.Answer:
        site = _bridge.site_of(options)
        examination = site.examine(_bridge.device_of(site, options))
        plan, sha256, is_new = self._made(site, examination)
        playbook = site.settings.playbook
        facts = {
            **_results.decision_facts(examination),
            **_results.plan_facts(plan),
            "changed": is_new,
            "plan_sha256": sha256,
            "pre_tasks": _results.path_text(playbook.pre_tasks),
            "post_tasks": _results.path_text(playbook.post_tasks),
        }
        if self._task.diff:
            facts["diff"] = _results.plan_diff(examination, plan)
        return facts, examination.secrets.values()

    def _made(
        self, site: _bridge.Site, examination: _results.Examination
    ) -> tuple[_results.Plan | None, str | None, bool]:
        """Return the plan, the digest of its file, and whether the file is, or would be, a new one."""
        if not examination.drift.healable:
            return None, None, False
        known = site.healing.known_plan(examination)
        if self._task.check_mode:
            return site.preview(examination), known.sha256 if known else None, known is None
        made = site.plan(examination)
        return made.plan, made.sha256, known is None
