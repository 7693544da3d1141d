"""The section `guards`."""

import pathlib
from collections.abc import Callable

import pytest

from murenger.config import load
from murenger.config.settings import GuardSettings
from murenger.errors import ConfigError

Write = Callable[[str | bytes], pathlib.Path]


def test_without_the_section_the_defaults_guard(complete: str, write: Write) -> None:
    assert load(file=write(complete)).guards == GuardSettings()


def test_every_key_is_read(complete: str, write: Write) -> None:
    section = (
        "guards:\n  devices_per_hour: 5\n  differences: 30\n  zone_share: 25%\n  breaker_failures: 3\n"
        "  breaker_within: 2h\n  clock_error: 10s\n"
    )
    assert load(file=write(complete + section)).guards == GuardSettings(
        devices_per_hour=5,
        differences=30,
        zone_share=25,
        breaker_failures=3,
        breaker_within_s=7200,
        clock_error_s=10,
    )


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("devices_per_hour: 0", "'devices_per_hour' must be 1 to 100000"),
        ("differences: -1", "'differences' must be"),
        ("zone_share: 0%", "'zone_share' must be 1% to 100%"),
        ("zone_share: 101%", "'zone_share' must be 1% to 100%"),
        ("zone_share: half", "'zone_share' is not a share such as 50%"),
        ("zone_share: 50", "'zone_share' must be text, not a number"),
        ("breaker_failures: 0", "'breaker_failures' must be 1 to 1000"),
        ("breaker_within: 8d", "'breaker_within' must be at most 604800 seconds"),
        ("breaker_within: 0s", "'breaker_within' must be at least 1 seconds"),
        ("clock_error: 2h", "'clock_error' must be at most 3600 seconds"),
        ("clock_error: none", "'clock_error' must be a duration"),
        ("capabilty_proved: false", "capabilty_proved"),
        ("read_doubted: false", "read_doubted"),
    ],
)
def test_what_is_no_limit_or_would_turn_a_guard_off_is_refused_by_its_line(
    complete: str, write: Write, key: str, said: str
) -> None:
    text = f"{complete}guards:\n  {key}\n"
    with pytest.raises(ConfigError) as caught:
        load(file=write(text))
    assert f"murenger.yml:{len(text.splitlines())}: " in caught.value.message
    assert said in caught.value.message
