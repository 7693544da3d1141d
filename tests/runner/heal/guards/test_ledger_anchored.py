"""Guard ledger-anchored: no change that could not be proved afterwards."""

import dataclasses
from typing import Any

import pytest

from murenger.errors import GuardRefusedError
from murenger.heal.guards import LedgerAnchoredGuard
from murenger.heal.guards.ledger_anchored import LEAST_FREE_BYTES

GUARD = LedgerAnchoredGuard()


def test_a_ledger_with_room_passes_and_the_check_says_how_it_is_anchored(make_case: Any) -> None:
    assert GUARD.check(make_case()).observed == "1024 MiB free; unanchored"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"write_fault": "Read-only file system"}, "Read-only file system"),
        ({"free_bytes": LEAST_FREE_BYTES - 1}, "7 MiB left"),
        ({"free_bytes": 0}, "0 MiB left"),
        ({"anchor_fault": "nobody confirmed it"}, "nobody confirmed it"),
    ],
)
def test_each_reason_to_doubt_the_ledger_refuses(make_case: Any, facts: dict[str, Any], said: str) -> None:
    case = make_case()
    case = dataclasses.replace(case, ledger=dataclasses.replace(case.ledger, **facts))
    with pytest.raises(GuardRefusedError, match=said) as caught:
        GUARD.check(case)
    assert caught.value.guard == "ledger-anchored"
