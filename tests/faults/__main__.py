"""Play scenarios of the fault lab: `make faults SEED=n COUNT=m [DEVICE=fw1|leaf1|srx1] [JOBS=k]`.

Input: seeds. Output: progress, each violation with the command that replays it, and a table of ends and faults; exit
code 1 if there was a violation.
"""

import sys

from tests.faults.command import main

sys.exit(main(sys.argv[1:]))
