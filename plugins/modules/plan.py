# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the module plan; the action plugin of the same name does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: plan
short_description: Plan the way back to golden policy
version_added: 0.1.0
description:
  - Observes a device, compares it with its approved golden policy, and makes the plan that undoes the drift.
  - The plan is kept as a file, recorded as a change record, and named by the SHA-256 digest of its bytes, which is what
    people approve and M(murenger.drift.remediation) carries out. The device is not changed.
  - A plan that still holds for the same drift is returned again instead of being made anew.
extends_documentation_fragment:
  - murenger.drift.attributes
  - murenger.drift.site
  - murenger.drift.site.device
attributes:
  check_mode:
    support: full
    details: The plan is previewed; no file is kept and nothing is recorded.
  diff_mode:
    support: full
    details: Reads live -> golden, which is what will be applied.
  idempotent:
    support: full
  platform:
    support: full
    details: Runs on the controller.
  action_group:
    support: full
seealso:
  - module: murenger.drift.remediation
  - module: murenger.drift.drift_info
"""

EXAMPLES = r"""
- name: Plan the way back to golden
  murenger.drift.plan:
  register: planned

- name: Ask for approval where a person's word is missing
  ansible.builtin.debug:
    msg: "murenger approve {{ planned.plan_sha256 }} --key YOUR_SSH_KEY"
  when:
    - not planned.in_sync
    - planned.awaits_approval
"""

RETURN = r"""
device:
  description: Name of the device.
  returned: success
  type: str
  sample: fw1
in_sync:
  description: Whether live equals golden; there is nothing to plan then.
  returned: success
  type: bool
  sample: false
mode:
  description: The mode of the policy that speaks for the device, one of observe, propose and heal.
  returned: success
  type: str
  sample: heal
action:
  description: What was decided, one of none, heal and hold.
  returned: success
  type: str
  sample: heal
tier:
  description:
    - How grave the drift is by what is proven of the traffic, one of crown-jewel, widening, unknown, mixed, tightening,
      handling, cosmetic and none.
    - A drift that is unknown, mixed or tightening is never healed without a person's approval of the very plan.
  returned: success
  type: str
  sample: widening
reasons:
  description: Why it was decided, the tier first, each then naming the setting or the guard.
  returned: success
  type: list
  elements: str
  sample: ["widening drift", "standing change 2f1c9a7be011, signed by alice@example.net, covers it"]
awaits_approval:
  description: Whether the only thing missing is a person's approval.
  returned: success
  type: bool
  sample: false
golden_revision:
  description: Git commit of the golden policy.
  returned: success
  type: str
  sample: 129f5a59255a4f0f3f5d2c8e3a7b6d9c0e1f2a3b
golden_digest:
  description: Digest of the golden text.
  returned: success
  type: str
  sample: "sha256:9b0e..."
live_digest:
  description: Digest of the live text.
  returned: success
  type: str
  sample: "sha256:41d7..."
plan_sha256:
  description: Digest of the plan file. Null where there is nothing to heal, and in check mode where no plan is kept
    yet.
  returned: success
  type: str
  sample: 6f0c3e5b0d7f4c1e9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f
expected_digest:
  description: Digest that a read after the change must give. Null where there is nothing to heal.
  returned: success
  type: str
  sample: "sha256:9b0e..."
safety_net:
  description: How the device returns by itself if nobody confirms the change. Null where there is nothing to heal.
  returned: success
  type: str
  sample: device-timer
revert_in_s:
  description: Seconds until it does. Null where there is nothing to heal.
  returned: success
  type: int
  sample: 120
steps:
  description: What will be applied, live -> golden, without secrets.
  returned: success
  type: list
  elements: str
  sample: ["table inet filter / chain forward: remove: tcp dport 5432 accept"]
pre_tasks:
  description: File of your own tasks that C(playbook.pre_tasks) in C(murenger.yml) names, or null.
  returned: success
  type: str
  sample: /srv/murenger/tasks/before.yml
post_tasks:
  description: File of your own tasks that C(playbook.post_tasks) in C(murenger.yml) names, or null.
  returned: success
  type: str
  sample: /srv/murenger/tasks/after.yml
error:
  description: Name of the error.
  returned: failure
  type: str
  sample: GoldenMissingError
hint:
  description: What to do about the error, or an empty text.
  returned: failure
  type: str
  sample: murenger golden accept fw1 --key YOUR_SSH_KEY
"""
