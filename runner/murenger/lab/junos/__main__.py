"""Runs one emulated SRX as a process: `python -m murenger.lab.junos DEVICE_DIR`.

Input: a device folder with `device.json`. Output: `ready.json` once it listens; exit 0 after SIGTERM, 2 on bad input.
"""

import asyncio
import pathlib
import sys

from murenger.lab.junos.emulator import run


def main(arguments: list[str]) -> int:
    """Run until SIGTERM.

    Args:
        arguments: one device folder.

    Returns:
        Exit code.
    """
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m murenger.lab.junos DEVICE_DIR\n")
        return 2
    try:
        asyncio.run(run(pathlib.Path(arguments[0])))
    except (OSError, ValueError) as exc:
        sys.stderr.write(f"junos emulator: {exc}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
