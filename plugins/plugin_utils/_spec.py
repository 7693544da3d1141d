# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specifications that plugins share; DOCUMENTATION says the same, and a test compares the two.

Input: options of one plugin. Output: its whole specification.
"""

from __future__ import annotations

SITE = {
    "config": {"type": "path"},
    "inventory": {"type": "path"},
}
DEVICE = {
    **SITE,
    "hostname": {"type": "str"},
}
