# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the module remediation; the action plugin of the same name does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: remediation
short_description: Return a device to golden policy as a controlled change
version_added: 0.1.0
description:
  - Carries out one plan on one device. Under the lease of the device it is read again, and the plan is refused unless
    live, golden and decision are still what it was made from.
  - The intent is signed and recorded, the candidate is loaded and committed with an automatic revert armed on the
    device, the device is read over a fresh connection, and only then is the change confirmed. If anything fails it is
    rolled back. The outcome is signed and recorded.
  - The task fails unless the device ends up healed, or was in sync already.
  - In mode observe it refuses and names the setting. In mode propose it fails until a person has approved the plan, and
    says how to approve it.
extends_documentation_fragment:
  - murenger.drift.attributes
  - murenger.drift.site
  - murenger.drift.site.device
options:
  plan:
    description:
      - SHA-256 digest of the plan file, 64 hexadecimal digits, as M(murenger.drift.plan) returns it.
      - Required, except in check mode, where the plan that would be made is rehearsed if this is not set.
    type: str
  trigger:
    description:
      - What made this run happen, as change records tell it.
    type: str
    choices:
      - schedule
      - syslog
      - manual
      - api
    default: manual
attributes:
  check_mode:
    support: full
    details: The device is read and the plan rehearsed. No lease is taken, nothing is signed and no record is appended.
      What would be refused fails in check mode too, except what only the device itself refuses when the change is
      loaded.
  diff_mode:
    support: full
    details: Reads live -> golden, which is what will be applied. Costs one more read of the device outside check mode.
  idempotent:
    support: full
    details: A device that is in sync is left alone.
  platform:
    support: full
    details: Runs on the controller.
  action_group:
    support: full
seealso:
  - module: murenger.drift.plan
  - module: murenger.drift.change_record_info
"""

EXAMPLES = r"""
- name: Plan the way back to golden
  murenger.drift.plan:
  register: planned

- name: Return the device to golden
  murenger.drift.remediation:
    plan: "{{ planned.plan_sha256 }}"
  when: not planned.in_sync
  register: healed
"""

RETURN = r"""
device:
  description: Name of the device.
  returned: success
  type: str
  sample: fw1
plan_sha256:
  description: Digest of the plan file that was carried out, or, in check mode, that was given.
  returned: success
  type: str
  sample: 6f0c3e5b0d7f4c1e9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f
verdict:
  description: How it ended, one of healed, rolled-back, not-applied, reverted-by-device, partial and unknown. Null if
    the device was in sync already. Everything but healed fails the task.
  returned: outside check mode, and on failure where the change was begun
  type: str
  sample: healed
reason:
  description: Why it ended so.
  returned: when the change was begun
  type: str
  sample: live equals the plan over a fresh connection, and is confirmed
before_digest:
  description: Digest of the live text before the change.
  returned: when the change was begun, and in check mode
  type: str
  sample: "sha256:41d7..."
after_digest:
  description: Digest of the live text after the change, or null if it could not be read.
  returned: when the change was begun
  type: str
  sample: "sha256:9b0e..."
flows_cut:
  description: Entries of the connection table that were cleared, or null where the platform cannot say.
  returned: when the change was begun
  type: int
  sample: 1
flows_note:
  description: What became of connections that the drift had admitted.
  returned: when the change was begun
  type: str
  sample: 1 connection that the drift admitted was cut
record:
  description: Number of the outcome's change record, as C(murenger show) takes it.
  returned: when the change was begun
  type: int
  sample: 5
started_at:
  description: When the device was first touched, RFC 3339.
  returned: when the change was begun
  type: str
  sample: "2026-11-22T04:47:31+00:00"
ended_at:
  description: When the outcome was known, RFC 3339.
  returned: when the change was begun
  type: str
  sample: "2026-11-22T04:47:35+00:00"
expected_digest:
  description: Digest that a read after the change must give. Null if the device is in sync.
  returned: in check mode
  type: str
  sample: "sha256:9b0e..."
safety_net:
  description: How the device returns by itself if nobody confirms the change. Null if the device is in sync.
  returned: in check mode
  type: str
  sample: device-timer
revert_in_s:
  description: Seconds until it does. Null if the device is in sync.
  returned: in check mode
  type: int
  sample: 120
steps:
  description: What will be applied, live -> golden, without secrets.
  returned: in check mode
  type: list
  elements: str
  sample: ["table inet filter / chain forward: remove: tcp dport 5432 accept"]
error:
  description: Name of the error, where the change was not begun.
  returned: failure
  type: str
  sample: PolicyError
hint:
  description: What to do about the error, or an empty text.
  returned: failure
  type: str
  sample: murenger approve 6f0c3e5b0d7f --key YOUR_SSH_KEY, then run this again
"""
