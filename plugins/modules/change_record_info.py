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
      - waiver
      - grant
      - review
      - key-event
      - prune
      - export
  since:
    description:
      - Only records that claim to have been written at this time or later, a day such as C(2026-11-22) or RFC 3339.
    type: str
  until:
    description:
      - Only records that claim to have been written before this time; a day means its first moment.
    type: str
  last:
    description:
      - Only the newest so many of those that fit.
    type: int
  number:
    description:
      - Only the record with this number, whole, with the seal of its day and the receipts that are kept for it. It is
        an error if there is none. The other limits do not count then.
    type: int
  verify:
    description:
      - Whether to verify signatures, digests and order first. The task fails if a record was changed, removed,
        reordered or inserted, and RV(report) names it.
      - That no record is missing at the end is not proven by this; O(anchors) prove it up to where they were made.
    type: bool
    default: false
  anchors:
    description:
      - Paths of files that somebody else held for you, with O(verify). Each holds a checkpoint, or lines of a record's
        number and digest.
      - The task fails if a record up to an anchor is missing or another one.
    type: list
    elements: path
    default: []
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
  - module: murenger.drift.change_record
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

- name: Verify the change records against what the witness's team keeps, and list the newest ten
  murenger.drift.change_record_info:
    verify: true
    anchors: [/srv/anchors/site1.checkpoint]
    last: 10
  register: verified
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
    day:
      description: The day that it lies in.
      type: str
      sample: "2026-11-22"
    result:
      description: What came of it, one of success, failure, partial, refused and unknown, or null.
      type: str
      sample: success
    verdict:
      description: How a heal ended, or null.
      type: str
      sample: healed
    plan_sha256:
      description: Digest of the plan that it is about, or null.
      type: str
      sample: 6f0c3e5b0d7f4c1e9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f
    follows:
      description: The earlier records that it refers to, each with C(rel) and C(number).
      type: list
      elements: dict
      sample: [{"rel": "intent", "number": 4}]
    pruned:
      description: Whether only its digest is left.
      type: bool
      sample: false
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
    seal:
      description: Whether its day is sealed and stamped, as kept and not as verified; only with O(number).
      type: dict
      sample: {"day": "2026-11-22", "sealed": true, "stamped": false}
    receipts:
      description: The nearest receipts that cover it, as kept and not as verified; only with O(number).
      type: list
      elements: dict
      sample: [{"number": 6, "sink": "w1", "kind": "cosig", "file": "days/2026-11-22/receipts/000000006-w1.cosig"}]
report:
  description: The verdict on every log in the store, as C(murenger verify -o json) prints it.
  returned: O(verify=true), also on failure
  type: dict
  contains:
    schema:
      description: Name and version of the form of this verdict.
      type: str
      sample: murenger.verify/2
    exit_code:
      description: What C(murenger verify) exits with; 0 for intact and complete up to O(anchors), 1 for a
        fault, 3 for intact with completeness unproven.
      type: int
      sample: 3
    logs:
      description: One verdict for each log, with C(intact), C(complete), C(proven_to), C(spans), C(limits) and
        C(findings).
      type: list
      elements: dict
      sample: []
config:
  description: Path of the C(murenger.yml) that was read.
  returned: success
  type: str
  sample: /srv/murenger/murenger.yml
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
