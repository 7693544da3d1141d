# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that lead to a murenger.yml, and to one device of its inventory."""

from __future__ import annotations


class ModuleDocFragment:
    """Options shared by the modules of the collection."""

    DOCUMENTATION = r"""
options:
  config:
    description:
      - Path of C(murenger.yml). It is looked for in the working directory and the folders above it if this is not set.
    type: path
  inventory:
    description:
      - Path of an inventory to use instead of the one that C(murenger.yml) names.
      - Addresses and logins are read from there, with the references under C(credentials) in C(murenger.yml), never
        from the variables of the play.
    type: path
requirements:
  - murenger, of the same version as the collection, in the Python that runs ansible-playbook
notes:
  - Runs on the controller and opens its own connections to the device. The C(connection) of the play is not used.
author:
  - The murenger authors (@murenger)
"""

    DEVICE = r"""
options:
  hostname:
    description:
      - Name of the device in the inventory. The name of the host that the task runs for if this is not set.
    type: str
"""
