"""Options that verbs share, spelled as Ansible spells them.

Input: an argument parser. Output: the same with the options added. Nothing of a site is imported here: what only looks
at files must not wait for what opens devices.
"""

import argparse
import pathlib


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add `-o`."""
    parser.add_argument(
        "-o", "--output", choices=("text", "json"), default="text", help="text for people, json for machines"
    )


def add_site(parser: argparse.ArgumentParser) -> None:
    """Add the options that lead to murenger.yml and its inventory."""
    add_output(parser)
    parser.add_argument("--config", type=pathlib.Path, metavar="FILE", help="murenger.yml (default: found upward)")
    parser.add_argument("-i", "--inventory", type=pathlib.Path, metavar="PATH", help="inventory, instead of the file's")


def add_limit(parser: argparse.ArgumentParser) -> None:
    """Add `-l`."""
    parser.add_argument(
        "-l",
        "--limit",
        action="append",
        default=[],
        metavar="NAME",
        help="device or group, comma-separated or repeated (default: every device that a policy names)",
    )


def add_check(parser: argparse.ArgumentParser) -> None:
    """Add `-C`."""
    parser.add_argument("-C", "--check", action="store_true", help="show what would be done, and write nothing")


def count(text: str) -> int:
    """Return a number of things, 1 or more.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= 9 and int(text)):  # noqa: PLR2004 - digits
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 999999999")
    return int(text)
