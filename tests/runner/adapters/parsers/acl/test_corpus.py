"""Real configurations of other projects are read or refused, never anything else.

Input: the folder of real configurations. Output: rulesets whose lists end with a catch-all, or a ParseError.
"""

import re
import time
from pathlib import Path

import pytest

from murenger.adapters.parsers import parser_for
from murenger.errors import ParseError
from murenger.model.impact import Verdict
from murenger.semantics.compare import compare
from murenger.semantics.ir import EVERYTHING

pytestmark = pytest.mark.corpus

PLATFORMS = ("eos", "nxos", "junos")
AT_LEAST = {"eos": 5, "nxos": 4, "junos": 15}
"""How many files have to be read: a parser that refuses everything crashes on nothing."""


def _files(corpus: Path, platform: str) -> list[Path]:
    return sorted(path for path in corpus.rglob("*") if path.is_file() and _is_of(path, platform))


def _is_of(path: Path, platform: str) -> bool:
    return path.parent.name == platform or re.match(rf"(flat_)?{platform}_|.*flat_{platform}", path.name) is not None


@pytest.mark.parametrize("platform", PLATFORMS)
def test_real_configurations_are_read_or_refused(platform: str, corpus: Path) -> None:
    read = 0
    for path in _files(corpus, platform):
        text = path.read_text(encoding="utf-8", errors="strict").replace("\r\n", "\n")
        began = time.process_time()
        try:
            ruleset = parser_for(platform).parse(text)
        except ParseError:
            continue
        assert time.process_time() - began < 10, path.name
        assert all(set(one.rules[-1].any_of) >= set(EVERYTHING) for one in ruleset.lists), path.name
        assert ruleset.residue or ruleset.lists or not text.strip(), path.name
        assert len({one.name for one in ruleset.residue}) == len(ruleset.residue), path.name
        read += 1
    assert read >= AT_LEAST[platform]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_real_configuration_is_equal_to_itself(platform: str, corpus: Path) -> None:
    path = max(_files(corpus, platform), key=lambda one: one.stat().st_size)
    ruleset = parser_for(platform).parse(path.read_text(encoding="utf-8"))
    assert compare(ruleset, ruleset).verdict is Verdict.EQUAL
