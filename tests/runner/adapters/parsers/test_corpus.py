"""Real configurations: each is read or refused cleanly, in time, and one that is read is equal to itself.

Input: the corpus of other projects' configurations. Output: a ruleset that equals itself, or a ParseError.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from murenger.adapters.parsers import PLATFORMS, parser_for
from murenger.errors import ParseError
from murenger.model.impact import Verdict
from murenger.semantics.compare import compare

LIMIT_S = 5.0
NAMES = {"fortigate": "fortios", "generated_config_acl": "ios", "running_config_acl": "ios"}
READ_AT_LEAST = {"asa": 4, "eos": 10, "fortios": 3, "ios": 20, "junos": 30, "nxos": 10, "panos": 20}
"""Fewer would mean that a parser has begun to refuse what it read; the others hold commands, or several firewalls."""

pytestmark = pytest.mark.corpus


def _files(corpus: Path, platform: str) -> Iterator[Path]:
    for path in sorted(path for path in corpus.rglob("*") if path.is_file() and path.suffix in {".conf", ".txt"}):
        if path.parent.parent.name == "batfish":
            name = path.parent.name
        elif "flat_junos" in path.stem:
            name = "junos"
        else:
            name = NAMES.get(path.stem, path.stem.split("_")[0])
        if NAMES.get(name, name) == platform:
            yield path


@pytest.mark.parametrize("platform", READ_AT_LEAST)
def test_a_real_configuration_is_read_or_refused_and_equal_to_itself(platform: str, corpus: Path) -> None:
    files = list(_files(corpus, platform))
    read = 0
    for path in files:
        text = path.read_text(encoding="utf-8")
        began = time.process_time()
        try:
            one, other = parser_for(platform).parse(text), parser_for(platform).parse(text)
        except ParseError:
            continue
        read += 1
        found = compare(one, other)
        assert (found.verdict, found.regions, found.unknowns) == (Verdict.EQUAL, (), ()), path
        assert time.process_time() - began < LIMIT_S, path
    assert read >= READ_AT_LEAST[platform], f"{read} of {len(files)}"


def test_every_file_is_of_a_platform(corpus: Path) -> None:
    texts = {path for path in corpus.rglob("*") if path.suffix in {".conf", ".txt"}}
    assert texts == {path for platform in PLATFORMS for path in _files(corpus, platform)}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_parser_is_brought_down_by_the_configuration_of_another_platform(platform: str, corpus: Path) -> None:
    for path in (corpus / "oxidized").glob("*.txt"):
        try:
            parser_for(platform).parse(path.read_text(encoding="utf-8"))
        except ParseError:
            continue
