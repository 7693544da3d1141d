# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action of the module live_config_info: what does the device run now?

Input: a device. Output: the digest of its live configuration, and on request its text, redacted.
"""

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible_collections.murenger.drift.plugins.plugin_utils import _bridge, _rehearsal, _results
from ansible_collections.murenger.drift.plugins.plugin_utils._spec import DEVICE

ARGUMENT_SPEC = {
    **DEVICE,
    "text": {"type": "bool", "default": False},
}


class ActionModule(ActionBase):
    """Observes one device."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_async = False
    _supports_check_mode = True

    def run(self, tmp: None = None, task_vars: dict[str, object] | None = None) -> dict[str, object]:
        """Read the live configuration, whole or not at all."""
        result = super().run(tmp, task_vars)
        options = _bridge.plain_options(self, ARGUMENT_SPEC, task_vars)
        result.update(_bridge.run_library(lambda: self._observe(options)))
        return result

    def _observe(self, options: _bridge.Options) -> _bridge.Answer:
        site = _bridge.site_of(options)
        live, secrets = _rehearsal.live(site, _bridge.device_of(site, options))
        facts = {"changed": False, **_results.snapshot_facts(live)}
        if options["text"]:
            facts["text"] = live.text
        return facts, secrets
