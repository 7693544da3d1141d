"""A NAPALM driver for Linux firewalls that run nftables.

Input: the arguments of any NAPALM driver. Output: one class, which `napalm.get_network_driver("nftables")` finds
because no other class is visible here (NAPALM takes the first one in alphabetical order).
"""

from napalm_nftables.driver import NftablesDriver

__all__ = ["NftablesDriver"]
