"""Starts one emulated EOS switch as a process of its own: `python -m murenger.lab.eos DEVICE_DIR`.

Input: a folder with `device.json`. Output: exit code 0 after SIGTERM or SIGINT, 2 when it cannot start.
"""

import pathlib
import signal
import sys
import threading

from murenger.lab.eos.editor import RefusedError
from murenger.lab.eos.emulator import Emulator

_FAILED = 2


def main(arguments: list[str]) -> int:
    """Run until told to end.

    Args:
        arguments: the folder's path, alone.

    Returns:
        The exit code.
    """
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m murenger.lab.eos DEVICE_DIR\n")
        return _FAILED
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    try:
        with Emulator(pathlib.Path(arguments[0])):
            ended.wait()
    except (OSError, ValueError, RefusedError) as exc:
        sys.stderr.write(f"cannot start the emulated switch in {arguments[0]}: {exc}\n")
        return _FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
