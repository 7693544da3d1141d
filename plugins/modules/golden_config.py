# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the module golden_config; the action plugin of the same name does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: golden_config
short_description: Accept golden policy for a device
version_added: 0.1.0
description:
  - Makes what a device runs now, or what a file says, its golden policy, as a commit that is signed with a person's SSH
    key.
  - Golden policy is what devices are healed to. Read it before you sign it.
extends_documentation_fragment:
  - murenger.drift.attributes
  - murenger.drift.site
  - murenger.drift.site.device
options:
  signing_key:
    description:
      - Path of your own SSH key, which must be allowed to sign golden policy. The path of its public half uses
        C(ssh-agent).
      - A key with a passphrase works through C(ssh-agent) only, since nobody can be asked.
      - Never the key of the runner. Nothing is signed in check mode.
    type: path
    required: true
  message:
    description:
      - Why; becomes the message of the commit.
    type: str
    default: ""
  source:
    description:
      - Path of a file with the policy, instead of what the device runs now. The device brings it into its own form.
    type: path
attributes:
  check_mode:
    support: full
    details: The device is read, and nothing is signed or written. Whether the key may sign is not predicted.
  diff_mode:
    support: full
    details: Reads from the present golden policy to the new one.
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
- name: Accept what the firewall runs as its golden policy
  murenger.drift.golden_config:
    signing_key: ~/.ssh/id_ed25519.pub
    message: First capture, reviewed with the network team
"""

RETURN = r"""
device:
  description: Name of the device.
  returned: success
  type: str
  sample: fw1
digest:
  description: Digest of the text that is, or in check mode would be, golden policy.
  returned: success
  type: str
  sample: "sha256:9b0e..."
revision:
  description: Git commit that counts; in check mode the present one, null if there is none.
  returned: success
  type: str
  sample: 129f5a59255a4f0f3f5d2c8e3a7b6d9c0e1f2a3b
approved_by:
  description: Who signed that commit, or null.
  returned: success
  type: str
  sample: alice@example.net
key_fingerprint:
  description: Fingerprint of the key that signed it, or null.
  returned: success
  type: str
  sample: "SHA256:2ZrEJc1..."
error:
  description: Name of the error.
  returned: failure
  type: str
  sample: GoldenUntrustedError
hint:
  description: What to do about the error, or an empty text.
  returned: failure
  type: str
  sample: murenger keys trust NAME KEY.pub --role reviewer
"""
