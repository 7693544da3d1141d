"""Print the device-side helper, so that an administrator can install it as a root-owned file.

Input: nothing. Output: the text of `device.sh` on standard output; `python -m napalm_nftables > murenger-nft`.
"""

import sys

from napalm_nftables.device import helper_text

if __name__ == "__main__":
    sys.stdout.write(helper_text())
