# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the module change_record; the action plugin of the same name does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: change_record
short_description: Export one change record as a bundle that others can check
version_added: 0.1.0
description:
  - Writes one change record into a folder on the controller, byte for byte, with its signature, the decision that it
    cites, the nearest receipts that cover it, the proof that it is in the log, and for an intent or an outcome the
    fields of a ServiceNow change request.
  - Whoever has the folder checks it with C(murenger verify NUMBER.tlog-proof --trust DIR), or with C(ssh-keygen) and
    C(openssl) alone.
  - Nothing is verified here; M(murenger.drift.change_record_info) does that.
extends_documentation_fragment:
  - murenger.drift.attributes
  - murenger.drift.site
options:
  number:
    description:
      - Number of the record, as M(murenger.drift.change_record_info) lists it. It is an error if there is none, or if
        it was pruned.
    type: int
    required: true
  dest:
    description:
      - The folder. It is made if it is not there; other files in it are left alone.
    type: path
    required: true
attributes:
  check_mode:
    support: full
    details: Says which files would be written.
  diff_mode:
    support: full
    details: Names and digests of the files, not what is in them.
  idempotent:
    support: full
    details: The bundle changes once when somebody who had not vouched for the record does.
  platform:
    support: full
    details: Runs on the controller.
  action_group:
    support: full
seealso:
  - module: murenger.drift.change_record_info
"""

EXAMPLES = r"""
- name: Attach the outcome to the change's folder
  murenger.drift.change_record:
    number: "{{ heal_outcome.record }}"
    dest: "/srv/changes/{{ heal_outcome.record }}"
"""

RETURN = r"""
number:
  description: Number of the record.
  returned: success
  type: int
  sample: 5
dest:
  description: The folder.
  returned: success
  type: str
  sample: /srv/changes/5
files:
  description: Names of the files of the bundle.
  returned: success
  type: list
  elements: str
  sample: [000000005.json, 000000005.json.sig, 000000005.tlog-proof, 000000006-w1.cosig, servicenow.json]
written:
  description: Names of those that were, or in check mode would be, written.
  returned: success
  type: list
  elements: str
  sample: [000000005.json]
error:
  description: Name of the error.
  returned: failure
  type: str
  sample: LedgerError
hint:
  description: What to do about the error, or an empty text.
  returned: failure
  type: str
  sample: murenger log lists them; pruned ones have no bundle
"""
