# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action of the module packet_trace_info: what do these rules do with these packets?

Input: a device or a file, and packets. Output: an answer for each packet; nothing is sent or written.
"""

from __future__ import annotations

import pathlib

from ansible.plugins.action import ActionBase
from ansible_collections.murenger.drift.plugins.plugin_utils import _bridge, _results
from ansible_collections.murenger.drift.plugins.plugin_utils._spec import DEVICE

ARGUMENT_SPEC = {
    **DEVICE,
    "source": {"type": "str", "choices": ["golden", "live", "file"], "default": "golden"},
    "src": {"type": "path"},
    "platform": {"type": "str"},
    "packets": {"type": "list", "elements": "dict", "required": True},
}


class ActionModule(ActionBase):
    """Asks rules about packets."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_async = False
    _supports_check_mode = True

    def run(self, tmp: None = None, task_vars: dict[str, object] | None = None) -> dict[str, object]:
        """Return the answers."""
        result = super().run(tmp, task_vars)
        options = _bridge.plain_options(self, ARGUMENT_SPEC, task_vars)
        result.update(_bridge.run_library(lambda: self._trace(options)))
        return result

    def _trace(self, options: _bridge.Options) -> _bridge.Answer:
        is_file, given = options["source"] == "file", (options["src"], options["platform"])
        if is_file != all(given) or (not is_file and any(given)):
            raise _bridge.RefusedError("src and platform are given with source: file, both of them, and never else")
        if is_file:
            platform, text = options["platform"], _results.file_text(pathlib.Path(options["src"]))
        else:
            site = _bridge.site_of(options)
            device = _bridge.device_of(site, options)
            platform, text = device.platform, site.rules_text(device, is_live=options["source"] == "live")
        try:
            return {"changed": False, **_results.trace_facts(platform, text, options["packets"])}, ()
        except ValueError as error:
            raise _bridge.RefusedError(str(error)) from None
