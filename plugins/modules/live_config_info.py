# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the module live_config_info; the action plugin of the same name does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: live_config_info
short_description: Read what a device runs now
version_added: 0.1.0
description:
  - Reads the running configuration of a device, whole or not at all, brings it into canonical form, and returns its
    digest.
  - Secrets are replaced before anything else is done with the text. What is returned shows C(<redacted>) in their
    place.
  - There must be a golden repository already, for the key that makes the fingerprints of secrets lies in it.
extends_documentation_fragment:
  - murenger.drift.attributes
  - murenger.drift.site
  - murenger.drift.site.device
options:
  text:
    description:
      - Whether to return the canonical text too, redacted. It may be large, and is stored wherever results are.
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
  - module: murenger.drift.drift_info
"""

EXAMPLES = r"""
- name: Read what the firewall runs
  murenger.drift.live_config_info:
  register: live

- name: Show its digest
  ansible.builtin.debug:
    var: live.digest
"""

RETURN = r"""
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
digest:
  description: Digest of the canonical text.
  returned: success
  type: str
  sample: "sha256:41d7..."
taken_at:
  description: When the read ended, RFC 3339.
  returned: success
  type: str
  sample: "2026-11-22T04:47:31+00:00"
identity:
  description: How the peer was known to be the device, one of host-key, certificate and preflight.
  returned: success
  type: str
  sample: host-key
driver:
  description: Name and version of the driver that read it.
  returned: success
  type: str
  sample: nftables 0.1.0
os_version:
  description: Version of the device's software, as it says itself.
  returned: success
  type: str
  sample: nftables v1.0.6
serial:
  description: Serial number of the device, or an empty text.
  returned: success
  type: str
  sample: ""
text:
  description: The canonical text, redacted.
  returned: success and O(text=true)
  type: str
  sample: "table inet filter {..."
error:
  description: Name of the error.
  returned: failure
  type: str
  sample: UnreachableError
hint:
  description: What to do about the error, or an empty text.
  returned: failure
  type: str
  sample: check address and port of the device
"""
