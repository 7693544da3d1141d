"""What every verb prints the same way: data as text or versioned JSON, messages, errors, progress.

Input: values. Output: standard output for data, standard error for everything else.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence

from murenger.errors import MurengerError
from murenger.model.terminal import escape_for_terminal

IN_SYNC, DRIFT, TROUBLE, UNPROVEN = 0, 1, 2, 3


def emit(args: argparse.Namespace, *, text: str, data: Mapping[str, object]) -> None:
    """Print data on standard output in the form that `-o` asks for.

    Args:
        args: parsed arguments; `args.output` is text or json.
        text: for people; already escaped where it holds device text.
        data: for machines; has a `schema` key such as `murenger.status/1`.
    """
    if args.output == "json":
        sys.stdout.write(json.dumps(data, indent=2, sort_keys=True) + "\n")
    elif text:
        sys.stdout.write(text.rstrip("\n") + "\n")
    sys.stdout.flush()


def say(message: str) -> None:
    """Print a message for people on standard error."""
    sys.stderr.write(escape_for_terminal(message) + "\n")
    sys.stderr.flush()


def progress(done: int, total: int, what: str) -> None:
    """Show progress on a terminal; elsewhere nothing.

    Args:
        done: number finished.
        total: number in all.
        what: what is being worked on.
    """
    if total > 1 and sys.stderr.isatty():
        end = "\r" if done < total else "\r\033[K"
        sys.stderr.write(f"\r\033[K{done}/{total} {escape_for_terminal(what)}{end}")
        sys.stderr.flush()


def complain(error: MurengerError) -> None:
    """Print an error: one line that says what, where and what to do."""
    say(f"murenger: {error}")


def error_data(error: MurengerError) -> dict[str, object]:
    """Return an error as JSON data."""
    return {
        "error": type(error).__name__,
        "message": error.message,
        "device": error.device,
        "hint": error.hint,
    }


def worst(codes: Sequence[int]) -> int:
    """Return the exit code over several devices: trouble beats drift beats in sync."""
    return max(codes, default=IN_SYNC)
