# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action of the module change_record_info: list, show and verify change records.

Input: which records. Output: what they say, and on request whether they are what was written.
"""

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible_collections.murenger.drift.plugins.plugin_utils import _bridge, _records
from ansible_collections.murenger.drift.plugins.plugin_utils._spec import SITE

ARGUMENT_SPEC = {
    **SITE,
    "device": {"type": "str"},
    "kind": {"type": "str", "choices": list(_records.KINDS)},
    "since": {"type": "str"},
    "until": {"type": "str"},
    "last": {"type": "int"},
    "number": {"type": "int"},
    "verify": {"type": "bool", "default": False},
    "anchors": {"type": "list", "elements": "path", "default": []},
}


class ActionModule(ActionBase):
    """Reads change records."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_async = False
    _supports_check_mode = True

    def run(self, tmp: None = None, task_vars: dict[str, object] | None = None) -> dict[str, object]:
        """Return the records that were asked for."""
        result = super().run(tmp, task_vars)
        options = _bridge.plain_options(self, ARGUMENT_SPEC, task_vars)
        result.update(_bridge.run_library(lambda: self._read(options)))
        return result

    def _read(self, options: _bridge.Options) -> _bridge.Answer:
        site = _bridge.site_of(options)
        facts = {"changed": False, "config": str(site.settings.file)}
        if options["anchors"] and not options["verify"]:
            raise _bridge.RefusedError("anchors are compared by a verification: set verify, or leave them out")
        if options["verify"]:
            # First: a damaged record may not even be readable.
            facts["report"] = _records.report(site, options["anchors"])
            if not all(log["intact"] for log in facts["report"]["logs"]):
                raise _bridge.RefusedError("the change records are not intact: see report", **facts)
        facts["records"] = _records.records(site, options)
        return facts, ()
