"""Run the lab firewall inside the namespaces that its launcher made.

Input: the process's arguments. Output: its exit code.
"""

import sys

from murenger.lab.firewall.device import main

if __name__ == "__main__":
    sys.exit(main())
