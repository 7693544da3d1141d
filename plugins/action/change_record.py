# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action of the module change_record: export one change record with all that lets others check it.

Input: a record's number and a folder. Output: the files of its bundle there; in check mode which would be written.
"""

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible_collections.murenger.drift.plugins.plugin_utils import _bridge, _records, _results
from ansible_collections.murenger.drift.plugins.plugin_utils._spec import SITE

ARGUMENT_SPEC = {
    **SITE,
    "number": {"type": "int", "required": True},
    "dest": {"type": "path", "required": True},
}


class ActionModule(ActionBase):
    """Exports one record."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_async = False
    _supports_check_mode = True

    def run(self, tmp: None = None, task_vars: dict[str, object] | None = None) -> dict[str, object]:
        """Write the bundle, or in check mode say what would be written."""
        result = super().run(tmp, task_vars)
        options = _bridge.plain_options(self, ARGUMENT_SPEC, task_vars)
        result.update(_bridge.run_library(lambda: self._export(options)))
        return result

    def _export(self, options: _bridge.Options) -> _bridge.Answer:
        site = _bridge.site_of(options)
        facts = _records.bundle(site, options, write=not self._task.check_mode)
        before, after = facts.pop("before"), facts.pop("after")
        if self._task.diff:
            headers = {"before_header": options["dest"], "after_header": f"bundle of record {options['number']}"}
            facts["diff"] = _results.text_diff(before=before, after=after, **headers)
        return facts, ()
