"""The reference page names every kind, every fault and every role."""

from pathlib import Path

import pytest

from murenger.model import RecordKind
from murenger.record import Code
from murenger.record.predicate import RECORD_NAMESPACE

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "records.md"


@pytest.mark.parametrize("word", [*(code.value for code in Code), *(kind.value for kind in RecordKind)])
def test_every_fault_and_kind_has_its_line(word: str) -> None:
    assert f"`{word}`" in PAGE.read_text(encoding="utf-8")


def test_the_role_of_records_is_named() -> None:
    assert RECORD_NAMESPACE in PAGE.read_text(encoding="utf-8")
