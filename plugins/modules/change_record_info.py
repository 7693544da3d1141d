# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the module change_record_info; the action plugin of the same name does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: change_record_info
short_description: List, show and verify change records
version_added: 0.1.0
description:
  - Lists the change records of a site, shows one of them whole, and on request verifies that they are what was written.
extends_documentation_fragment:
  - murenger.drift.attributes
  - murenger.drift.site
options:
  device:
    description:
      - Only records about this device.
    type: str
  kind:
    description:
      - Only records of this kind.
    type: str
    choices:
      - genesis
      - heartbeat
      - drift
      - plan
      - approval
      - intent
      - outcome
      - hold
      - golden
      - failure
      - recovery
      - runner
  number:
    description:
      - Only the record with this number, whole. It is an error if there is none.
    type: int
  verify:
    description:
      - Whether to verify signatures, digests and order first. The task fails if a record was changed, removed,
        reordered or inserted, and RV(report) names it.
      - That no record is missing at the end is not proven by this.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    details: Only reads, so check mode makes no difference.
  diff_mode:
    support: none
    details: Only reads.
  idempotent:
    support: full
  platform:
    support: full
    details: Runs on the controller.
  action_group:
    support: full
seealso:
  - module: murenger.drift.remediation
"""

EXAMPLES = r"""
- name: Verify the change records and list the outcomes for fw1
  murenger.drift.change_record_info:
    device: fw1
    kind: outcome
    verify: true
  register: outcomes
  run_once: true

- name: Show one record whole
  murenger.drift.change_record_info:
    number: 5
  run_once: true
"""

RETURN = r"""
records:
  description: The records, oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    schema:
      description: Name and version of the form of this record.
      type: str
      sample: murenger.log/1
    origin:
      description: Name of the log.
      type: str
      sample: fw.example.net/site1
    number:
      description: Number of the record in its log.
      type: int
      sample: 5
    kind:
      description: What it is about.
      type: str
      sample: outcome
    device:
      description: Name of the device, or null.
      type: str
      sample: fw1
    written_at:
      description: When it claims to have been written, RFC 3339.
      type: str
      sample: "2026-11-22T04:47:31.161Z"
    sha256:
      description: Digest of its bytes.
      type: str
      sample: 6f0c3e5b0d7f4c1e9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f
    summary:
      description: What it says, in one clause.
      type: str
      sample: change-healed; live equals golden over a fresh connection
    predicate:
      description: What the signed bytes say; only with O(number).
      type: dict
      sample: {}
report:
  description: The verdict on every log in the store, as C(murenger verify -o json) prints it.
  returned: O(verify=true), also on failure
  type: dict
  contains:
    schema:
      description: Name and version of the form of this verdict.
      type: str
      sample: murenger.verify/1
    exit_code:
      description: What C(murenger verify) exits with; 1 for a fault, 3 for intact with completeness unproven.
      type: int
      sample: 3
    logs:
      description: One verdict for each log, with C(intact), C(complete), C(limits) and C(findings).
      type: list
      elements: dict
      sample: []
error:
  description: Name of the error.
  returned: failure
  type: str
  sample: LedgerError
hint:
  description: What to do about the error, or an empty text.
  returned: failure
  type: str
  sample: murenger verify
"""
