"""A defect of ours, reported as one line.

Input: an error that nobody expected. Output: a line on standard error and the exit code.
"""

import os
import pathlib
import sys
import traceback

from murenger.cli.output import TROUBLE, say


def report(error: Exception) -> int:
    """Report a defect of ours in one line; the traceback goes where a developer finds it, without any values."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{pathlib.Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown place"
    say(f"murenger: internal error: {type(error).__name__} at {where}; this is a defect, please report it")
    if os.environ.get("MURENGER_DEBUG"):
        sys.stderr.write("".join(traceback.format_list(frames)))
    return TROUBLE
