"""Run the lab without the rest of murenger: `python -m murenger.lab VERB`.

Input: the process's arguments. Output: its exit code.
"""

import argparse
import sys
from collections.abc import Sequence

from murenger.lab.command import add_verbs


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb of the lab.

    Args:
        argv: arguments; those of the process when None.

    Returns:
        0 done, 1 not so (a device is not up, a connection failed), 2 trouble.
    """
    parser = argparse.ArgumentParser(prog="python -m murenger.lab", description="devices to try murenger on")
    add_verbs(parser)
    args = parser.parse_args(argv)
    code: int = args.run(args)
    return code


if __name__ == "__main__":
    sys.exit(main())
