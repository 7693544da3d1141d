# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action of the module drift_info: how does a device differ from golden, and what would be done about it?

Input: a device. Output: its drift, golden -> live, and the decision; nothing is written anywhere.
"""

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible_collections.murenger.drift.plugins.plugin_utils import _bridge, _results
from ansible_collections.murenger.drift.plugins.plugin_utils._spec import DEVICE

ARGUMENT_SPEC = DEVICE


class ActionModule(ActionBase):
    """Compares one device with golden."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_async = False
    _supports_check_mode = True

    def run(self, tmp: None = None, task_vars: dict[str, object] | None = None) -> dict[str, object]:
        """Observe, compare and decide."""
        result = super().run(tmp, task_vars)
        options = _bridge.plain_options(self, ARGUMENT_SPEC, task_vars)
        result.update(_bridge.run_library(lambda: self._compare(options)))
        return result

    def _compare(self, options: _bridge.Options) -> _bridge.Answer:
        site = _bridge.site_of(options)
        examination = site.examine(_bridge.device_of(site, options))
        facts = {
            "changed": False,
            **_results.drift_facts(examination.drift),
            **_results.decision_facts(examination),
        }
        return facts, examination.secrets.values()
