"""The log that murenger.yml names, without the rest of its site: what lists records opens no device.

Input: parsed arguments. Output: where the log lies, and its index.
"""

import argparse
import pathlib

from murenger.adapters.sqlite import RecordIndex
from murenger.cli.output import say
from murenger.config import load


def log_of(args: argparse.Namespace) -> tuple[pathlib.Path, str]:
    """Return the folder and the name of the log that the options lead to.

    Raises:
        ConfigError: there is no murenger.yml, or it is wrong.
    """
    store = load(file=args.config).store
    return store.path / store.origin, store.origin


def index_of(args: argparse.Namespace) -> RecordIndex:
    """Return the index of that log; it says on standard error, once, why it reads files instead.

    Raises:
        ConfigError: there is no murenger.yml, or it is wrong.
    """
    folder, origin = log_of(args)
    return RecordIndex(folder, origin=origin, notice=lambda why: say(f"murenger: {why}"))
