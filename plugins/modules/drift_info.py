# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the module drift_info; the action plugin of the same name does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drift_info
short_description: Compare a device with its golden policy
version_added: 0.1.0
description:
  - Observes a device, compares it with its approved golden policy, and decides what would be done about the drift.
    Nothing is written anywhere.
  - Differences read golden -> live, which is what the drift did, in the order that the device evaluates. Device text is
    exact, except that C(<redacted>) stands for each secret.
extends_documentation_fragment:
  - murenger.drift.attributes
  - murenger.drift.site
  - murenger.drift.site.device
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
  - module: murenger.drift.plan
  - module: murenger.drift.live_config_info
"""

EXAMPLES = r"""
- name: Compare the firewall with golden
  murenger.drift.drift_info:
  register: drift

- name: Fail on drift
  ansible.builtin.assert:
    that: drift.in_sync
    fail_msg: "{{ drift.differences | length }} differences: {{ drift.reasons | join('; ') }}"
"""

RETURN = r"""
schema:
  description: Name and version of the form of this result.
  returned: success
  type: str
  sample: murenger.drift/1
device:
  description: Name of the device.
  returned: success
  type: str
  sample: fw1
platform:
  description: Platform of the device.
  returned: success
  type: str
  sample: nftables
in_sync:
  description: Whether nothing that is compared differs.
  returned: success
  type: bool
  sample: false
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
detected_at:
  description: When live was read, RFC 3339.
  returned: success
  type: str
  sample: "2026-11-22T04:47:31Z"
last_in_sync_at:
  description: When the device was last recorded in sync, RFC 3339, or null if never.
  returned: success
  type: str
  sample: "2026-11-22T04:40:00Z"
differences:
  description: What the drift did, in the order that the device evaluates.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Where, from the outermost section inwards.
      type: list
      elements: str
      sample: ["table inet filter", "chain forward"]
    operation:
      description: What the drift did, one of added, removed, changed and moved.
      type: str
      sample: added
    golden:
      description: The text in golden, or null where it was added.
      type: str
      sample: null
    live:
      description: The text in live, or null where it was removed.
      type: str
      sample: tcp dport 5432 accept
    golden_position:
      description: Place among its siblings in golden, counted from 1, or null where order has no meaning.
      type: int
      sample: null
    live_position:
      description: The same in live.
      type: int
      sample: 1
    severity:
      description: How much it matters, one of policy, secret, foreign and other.
      type: str
      sample: policy
impact:
  description: What the drift lets through or blocks.
  returned: success
  type: dict
  contains:
    verdict:
      description: What is known, one of equal, different and unknown.
      type: str
      sample: different
    effect:
      description: Direction, one of none, widens, tightens, both and unknown.
      type: str
      sample: widens
    opened:
      description:
        - Traffic that only live permits, one entry for each pair of rules that decide it. Each has C(text) for
          people, the C(golden) and C(live) rule, C(boxes), C(packets), C(certain), C(witness) and C(intents).
      type: list
      elements: dict
      sample:
        - text: tcp 3389 from any to card-db (203.0.113.140), office -> cde
          packets: "281474976710656"
          certain: true
    closed:
      description: Traffic that only golden permits, likewise.
      type: list
      elements: dict
      sample: []
    flows_left:
      description: Further pairs of rules, at least, that are not listed.
      type: int
      sample: 0
    witnesses:
      description: Packets that golden and live treat differently, each for M(murenger.drift.packet_trace_info).
      type: list
      elements: dict
      sample:
        - {in: office, out: cde, src: 192.0.2.1, dst: 203.0.113.140, proto: tcp, dport: 3389, state: new}
    unknowns:
      description: What is not decided, each beginning with a reason such as C(opaque), C(residue) or C(budget).
      type: list
      elements: str
      sample: []
    assumptions:
      description: Conditions that nobody can tell and that both sides share.
      type: list
      elements: str
      sample: []
    handling:
      description: Changes of logging, profiles or kind of reject that change no packet.
      type: list
      elements: str
      sample: []
    violations:
      description: Intents that live violates and golden does not, worst first.
      type: list
      elements: dict
      sample:
        - {intent: cde-only-from-app, severity: critical, owner: pci, reference: PCI DSS 1.3.1, certain: true}
    crown_jewel:
      description: Whether traffic to a crown jewel of intents.yml was opened or may have been, null if nobody can say.
      type: bool
      sample: true
    proof:
      description: How it was reached, with engine, parser, stage, budget and number of rules, or null.
      type: dict
      sample: {engine: oxidd 0.13.0, stage: bdd}
not_comparable:
  description: Secrets that the device writes anew at each read; their presence is compared, their value is not.
  returned: success
  type: list
  elements: str
  sample: []
ignored:
  description: Differences in parts that the policy leaves alone, as in RV(differences); no drift, and never changed.
  returned: success
  type: list
  elements: dict
  sample: []
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
