# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the module packet_trace_info; the action plugin of the same name does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: packet_trace_info
short_description: Say what a firewall does with packets, without sending one
version_added: 0.1.0
description:
  - Reads the rules of a device's golden policy, of its live configuration or of a file, and says of each packet whether
    they allow it and which rule decides. Nothing is sent, and nothing is written anywhere.
  - A packet is C(unknown) where a condition decides that a configuration does not tell, such as a user or an
    application, or where the rule model does not hold its way.
extends_documentation_fragment:
  - murenger.drift.attributes
  - murenger.drift.site
  - murenger.drift.site.device
options:
  source:
    description:
      - Whose rules to ask. C(golden) is the device's approved golden policy, C(live) what it runs now, C(file) the file
        that O(src) names; then neither a device nor murenger.yml is needed.
    type: str
    choices:
      - golden
      - live
      - file
    default: golden
  src:
    description:
      - Path of a configuration on the controller, with O(source=file).
    type: path
  platform:
    description:
      - Platform of O(src), such as C(nftables), C(asa) or C(panos), with O(source=file).
    type: str
  packets:
    description:
      - The packets. Each has C(src) and C(dst), addresses of one family, and C(proto), a name or number; C(sport) and
        C(dport), or C(type) and C(code) of ICMP; C(flags) of TCP, such as C(syn) or C(syn,ack); C(state), one of new,
        established, related, invalid and untracked; C(in) and C(out), interfaces or zones.
      - Without C(out) a packet is for the device itself, without C(in) from it. C(acl) names a list to ask alone, bound
        or not.
    type: list
    elements: dict
    required: true
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
  - module: murenger.drift.drift_info
"""

EXAMPLES = r"""
- name: Ask what golden does with a remote desktop connection to the card database
  murenger.drift.packet_trace_info:
    packets:
      - in: office
        out: cde
        src: 192.0.2.1
        dst: 203.0.113.140
        proto: tcp
        dport: 3389
  register: trace

- name: It must be denied
  ansible.builtin.assert:
    that: trace.answers[0].verdict == "deny"
    fail_msg: "decided by {{ trace.answers[0].rule }}"
"""

RETURN = r"""
schema:
  description: Name and version of the form of this result.
  returned: success
  type: str
  sample: murenger.trace/1
answers:
  description: One for each packet, in their order.
  returned: success
  type: list
  elements: dict
  contains:
    verdict:
      description: What becomes of it, one of allow, deny and unknown.
      type: str
      sample: deny
    rule:
      description: The device's own name or number of the rule that decides, or null.
      type: str
      sample: default deny
    list:
      description: The list that the rule stands in, or null.
      type: str
      sample: table inet filter / chain forward
    line:
      description: Line of the configuration where the rule begins, or null.
      type: int
      sample: 12
    why:
      description: What would have to be known where the verdict is unknown, else an empty text.
      type: str
      sample: ""
error:
  description: Name of the error.
  returned: failure
  type: str
  sample: ParseError
hint:
  description: What to do about the error, or an empty text.
  returned: failure
  type: str
"""
