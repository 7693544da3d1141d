"""Edits of a configuration, and what the comparison says of them.

Input: a file of edits, `## VERDICT: NAME` and then what is replaced by what. Output: edited texts and comparisons whose
every certain witness was traced on both sides.
"""

import re
from pathlib import Path

from murenger.adapters.parsers import parser_for
from murenger.semantics.compare import compare
from murenger.semantics.interpreter import trace
from murenger.semantics.verdict import Comparison

_EDITED = re.compile(r"<<<\n(.*?)\n===\n(.*?)\n>>>", re.DOTALL)


def catalogue(path: Path) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Return (verdict, name) -> what is replaced, exactly once, by what."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for entry in path.read_text(encoding="utf-8").split("## ")[1:]:
        verdict, name = entry.split("\n", 1)[0].split(": ", 1)
        found[verdict, name] = _EDITED.findall(entry)
    return found


def edited(text: str, edits: list[tuple[str, str]]) -> str:
    """Return a text in which each thing to be replaced stood exactly once."""
    for before, after in edits:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return text


def compared(platform: str, golden: str, live: str) -> Comparison:
    """Return what the comparison says, its certain witnesses confirmed."""
    parser = parser_for(platform)
    ours, theirs = parser.parse(golden), parser.parse(live)
    found = compare(ours, theirs)
    for region in found.regions:
        if region.is_certain:
            answers = (trace(ours, region.witness).answer.value, trace(theirs, region.witness).answer.value)
            assert answers == (("deny", "allow") if region.opened else ("allow", "deny"))
    return found
