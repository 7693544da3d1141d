"""Real configurations, of the right platform and of every other: read or refused, never a crash.

Input: the corpus outside the repository. Output: a ruleset whose every list ends in a catch-all, or a ParseError.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from murenger.adapters.parsers.fwshift.platforms import parser
from murenger.errors import ParseError
from murenger.semantics.ir import EVERYTHING, Ruleset

PLATFORMS = ("asa", "fortios", "ios", "iptables", "junos", "opnsense", "panos", "pfsense")
OWN = {"asa": 4, "fortios": 3, "ios": 12, "junos": 6, "panos": 15}
"""How many files of a platform's own must be read."""

pytestmark = pytest.mark.corpus


def _texts(corpus: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(corpus.rglob("*")):
        if path.is_file() and path.stat().st_size < 1_000_000:
            try:
                yield f"{path.parent.name} {path.name}", path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def _is_sound(found: Ruleset) -> bool:
    return all(
        one.rules[-1].any_of == EVERYTHING and not one.rules[-1].unless and not one.rules[-1].any_of[0].opaque
        for one in found.lists
    )


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_real_configuration_brings_a_parser_down(platform: str, corpus: Path) -> None:
    read = 0
    for name, text in _texts(corpus):
        try:
            found = parser(platform).parse(text)
        except ParseError:
            continue
        assert _is_sound(found), name
        read += platform in name
    assert read >= OWN.get(platform, 0)
