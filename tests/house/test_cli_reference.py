"""The page on the command line and the command line itself say the same.

Input: the parser of `murenger`, docs/reference/cli.md. Output: one line per verb or option that only one of them has.
"""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from murenger.cli.main import parser

VERB = re.compile(r"^### (murenger [a-z ]+)$", re.MULTILINE)
ROW = re.compile(r"^\| (?P<first>`.*?) +\| ", re.MULTILINE)
OPTION = re.compile(r"`(-[A-Za-z]|--[a-z][a-z-]*)(?:[ `])")
ARGUMENT = re.compile(r"^`([A-Z|\\]+)`$")
COMMON = "[common options](#common-options)"


def verbs(command: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, set[str]]]:
    """Yield each verb with its options, in every spelling, and its arguments."""
    # argparse has no public way to ask a parser what it takes.
    every = command._actions  # noqa: SLF001 - see above
    below = [action for action in every if isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001 - see above
    for action in below:
        for word, sub in action.choices.items():
            yield from verbs(sub, f"{name} {word}")
    # A verb may have others below it and still do something itself.
    if command.get_default("run"):
        said: set[str] = set()
        for option in every:
            if option not in below and "--help" not in option.option_strings:
                said |= set(option.option_strings) or {str(option.metavar)}
        yield name, said


def options(text: str) -> set[str]:
    """Return the options and arguments in the first column of a section's tables."""
    found: set[str] = set()
    for row in ROW.finditer(text):
        first = row["first"].strip()
        argument = ARGUMENT.match(first)
        found |= {argument[1].replace("\\", "")} if argument else set(OPTION.findall(first))
    return found


def documented(page: str) -> dict[str, set[str]]:
    """Return what a page says of each verb."""
    common = options(page.partition("\n## Common options\n")[2].partition("\n## ")[0])
    assert len(common) > 3, "the section of common options is gone"
    parts = re.split(r"^### ", page, flags=re.MULTILINE)[1:]
    sections = {part.partition("\n")[0]: part.partition("\n## ")[0] for part in parts}
    return {name: options(text) | (common if COMMON in text else set()) for name, text in sections.items()}


def disagreements(page: str, command: argparse.ArgumentParser) -> list[str]:
    """Return one line for each thing that only the page or only the command has."""
    written, real = documented(page), dict(verbs(command, "murenger"))
    found = [f"{name} is not on the page" for name in real.keys() - written.keys()]
    found += [f"{name} does not exist" for name in written.keys() - real.keys()]
    for name in written.keys() & real.keys():
        found += [f"{name} {option} is not on the page" for option in real[name] - written[name]]
        found += [f"{name} {option} does not exist" for option in written[name] - real[name]]
    return sorted(found)


def test_the_page_names_every_verb_and_option_and_no_other(root: Path) -> None:
    page = (root / "docs/reference/cli.md").read_text(encoding="utf-8")
    assert len(VERB.findall(page)) > 20
    assert not disagreements(page, parser())


GONE = "{} is not on the page"
MADE_UP = "{} does not exist"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("| `--once` |", "| `--twice` |", [GONE.format("murenger run --once"), MADE_UP.format("murenger run --twice")]),
        ("### murenger show", "### murenger tell", [GONE.format("murenger show"), MADE_UP.format("murenger tell")]),
        ("| `PUBKEY` |", "| PUBKEY |", [GONE.format("murenger keys trust PUBKEY")]),
        (
            "`-l`, `--limit NAME`",
            "`--limit NAME`",
            [GONE.format(f"murenger {verb} -l") for verb in ("diff", "doctor", "intents check", "run", "status")],
        ),
    ],
)
def test_each_disagreement_is_found(root: Path, old: str, new: str, said: list[str]) -> None:
    page = (root / "docs/reference/cli.md").read_text(encoding="utf-8")
    assert old in page
    assert disagreements(page.replace(old, new), parser()) == sorted(said)
