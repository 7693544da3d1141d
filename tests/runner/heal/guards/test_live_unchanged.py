"""Guard live-unchanged: compare-and-swap."""

import datetime
from typing import Any

import pytest

from murenger.errors import GuardRefusedError
from murenger.heal.guards import LiveUnchangedGuard
from murenger.model import digest_of

NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)


def test_what_was_compared_may_be_replaced() -> None:
    check = LiveUnchangedGuard().check_live(device="fw1", compared=digest_of("a"), live=digest_of("a"), now=NOON)
    assert check.passed
    assert check.name == "guard live-unchanged"


def test_anything_else_is_left_alone() -> None:
    with pytest.raises(GuardRefusedError, match="live is no longer what was compared") as caught:
        LiveUnchangedGuard().check_live(device="fw1", compared=digest_of("a"), live=digest_of("a\n"), now=NOON)
    assert (caught.value.guard, caught.value.device) == ("live-unchanged", "fw1")


def test_a_device_that_moved_while_the_change_was_staged_is_not_touched(bench: Any) -> None:
    bench.change_while_staged = "an incident responder's block\n"
    outcome = bench.heal()
    assert outcome.verdict.value == "not-applied"
    assert "commit" not in bench.trace
    assert bench.running == bench.change_while_staged
