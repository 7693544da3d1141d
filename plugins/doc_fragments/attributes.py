# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the attributes of our modules mean; each module states its own support."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes of every module of the collection."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return the predicted status without writing anything.
  diff_mode:
    description: Returns what has changed, or would be changed in C(check_mode), when in diff mode; secrets are
      redacted.
  idempotent:
    description: When run twice in a row outside C(check_mode) with the same arguments, the second run changes nothing.
  platform:
    description: Where the action runs.
    platforms: posix
  action_group:
    description: Use C(group/murenger.drift.drift) in C(module_defaults) to set options of every module of this
      collection.
    membership:
      - murenger.drift.drift
"""
