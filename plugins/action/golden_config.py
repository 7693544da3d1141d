# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action of the module golden_config: make what a device runs, or what a file says, its golden policy.

Input: a device and a person's SSH key. Output: a signed revision; in check mode whether there would be a new one.
"""

from __future__ import annotations

import pathlib

from ansible.plugins.action import ActionBase
from ansible_collections.murenger.drift.plugins.plugin_utils import _bridge, _rehearsal, _results
from ansible_collections.murenger.drift.plugins.plugin_utils._spec import DEVICE

ARGUMENT_SPEC = {
    **DEVICE,
    # The path of a key or of its public half, never the key itself: nothing to hide.
    "signing_key": {"type": "path", "required": True, "no_log": False},
    "message": {"type": "str", "default": ""},
    "source": {"type": "path"},
}


class ActionModule(ActionBase):
    """Accepts golden policy for one device."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_async = False
    _supports_check_mode = True

    def run(self, tmp: None = None, task_vars: dict[str, object] | None = None) -> dict[str, object]:
        """Accept the policy, or in check mode say whether it would change."""
        result = super().run(tmp, task_vars)
        options = _bridge.plain_options(self, ARGUMENT_SPEC, task_vars)
        result.update(_bridge.run_library(lambda: self._accept(options)))
        return result

    def _accept(self, options: _bridge.Options) -> _bridge.Answer:
        site = _bridge.site_of(options)
        device = _bridge.device_of(site, options)
        source = pathlib.Path(options["source"]) if options["source"] else None
        before, secrets = _rehearsal.present_golden(site, device)
        if self._task.check_mode:
            golden, (wanted, hidden) = before, _rehearsal.wanted_golden(site, device, source)
            changed = before is None or before.snapshot.text != wanted.text
            secrets = (*secrets, *hidden)
        else:
            done = site.accept_golden(
                device, signing_key=options["signing_key"], message=options["message"], text_file=source
            )
            golden, wanted, changed = done.golden, done.golden.snapshot, done.changed
        facts = {"changed": changed, "device": device.name, **_results.golden_facts(golden)}
        facts["digest"] = str(wanted.digest)
        if self._task.diff:
            facts["diff"] = _results.text_diff(
                before=before.snapshot.text if before else "",
                after=wanted.text,
                before_header=f"{device.name} golden",
                after_header=f"{device.name} golden",
            )
        return facts, secrets
