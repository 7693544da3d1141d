"""The section `backoff`: what is read, what is refused, and that the template's comment is true."""

import pathlib
import re
from collections.abc import Callable

import pytest

from murenger.config import load, murenger_yml
from murenger.config.settings import BackoffSettings
from murenger.errors import ConfigError

Write = Callable[[str | bytes], pathlib.Path]


def test_without_the_section_the_defaults_count(write: Write, complete: str) -> None:
    assert load(file=write(complete)).backoff == BackoffSettings()


def test_every_key_has_its_effect(write: Write, complete: str) -> None:
    section = "backoff: {first: 2s, most: 300s, jitter: 0%, healthy_after: 7m, fight_returns: 5, fight_within: 2h}\n"
    assert load(file=write(complete + section)).backoff == BackoffSettings(
        first_s=2, most_s=300, jitter=0, healthy_after_s=420, fight_returns=5, fight_within_s=7200
    )


def test_what_the_template_says_are_the_defaults(write: Write) -> None:
    text = murenger_yml(origin="a", runner_id="b")
    section = re.search(r"^# backoff:\n(#   .*\n)+", text, re.MULTILINE)
    assert section
    read = load(file=write(text + re.sub(r"^# ?", "", section[0], flags=re.MULTILINE)))
    assert read.backoff == BackoffSettings()
    assert dict(read.lines)["backoff.fight_within"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("first: 0s", "'first' must be at least 1"),
        ("most: 59s", "'most' is 59 seconds, less than 'first', 60"),
        ("most: 367d", "'most' must be at most"),
        ("healthy_after: 9999999d", "'healthy_after' must be at most"),
        ("jitter: 101%", "'jitter' must be 0% to 100%"),
        ("fight_returns: 1", "'fight_returns' must be 2 to"),
        ("fight_returns: 51", "'fight_returns' must be 2 to 50"),
        ("fight_within: 0", "'fight_within' must be at least 1"),
        ("cap: 300s", "cap"),
    ],
)
def test_a_mistake_is_refused_and_its_line_named(write: Write, complete: str, line: str, words: str) -> None:
    lines = (complete + f"backoff:\n  {line}\n").count("\n")
    with pytest.raises(ConfigError, match=re.escape(words)) as refused:
        load(file=write(complete + f"backoff:\n  {line}\n"))
    assert f"murenger.yml:{lines}" in str(refused.value)
