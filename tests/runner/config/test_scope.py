"""The keys `ignore` and `manage` of a policy."""

import pathlib
from collections.abc import Callable

import pytest

from murenger.config import load
from murenger.errors import ConfigError

Write = Callable[[str | bytes], pathlib.Path]


def with_keys(complete: str, keys: str) -> str:
    return complete.replace("    jitter: 30\n", f"    jitter: 30\n{keys}")


def test_paths_are_read_level_by_level(complete: str, write: Write) -> None:
    keys = '    ignore: ["interface * / description *", interface Management1]\n    manage: ["security / policies"]\n'
    edge, core = load(file=write(with_keys(complete, keys))).policies
    assert edge.ignore == (("interface *", "description *"), ("interface Management1",))
    assert edge.manage == (("security", "policies"),)
    assert core.ignore == core.manage == ()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("    ignore: []\n", "'ignore' must name 1 to 200 paths"),
        ('    ignore: ["a /  / b"]\n', "'a /  / b' is not a path"),
        ('    ignore: [""]\n', "is not a path"),
        ("    ignore: [a, a]\n", "'a' is listed twice"),
        ('    ignore: ["*"]\n', "'*' leaves nothing to compare"),
        ("    manage: everything\n", "must be a list"),
        (f"    manage: [{' / '.join('a' * 17)}]\n", "is not a path"),
    ],
)
def test_what_is_no_path_is_refused_by_its_line(complete: str, write: Write, keys: str, said: str) -> None:
    text = with_keys(complete, keys)
    with pytest.raises(ConfigError) as caught:
        load(file=write(text))
    line = text.splitlines().index(keys.splitlines()[0]) + 1
    assert f"murenger.yml:{line}: " in caught.value.message
    assert said in caught.value.message
