"""What people and programs are shown of a drift."""

import datetime
import json
from collections.abc import Callable

import pytest

from murenger.compare import SCHEMA, compare, render_json, render_text, steps, text, unified
from murenger.compare.structure import describe
from murenger.model import Operation, Snapshot

A, B, C = (f"ip saddr 192.0.2.{number} accept" for number in range(1, 4))


def test_text_reads_golden_to_live_with_paths_and_places(
    chain: Callable[..., Snapshot], now: datetime.datetime
) -> None:
    shown = render_text(compare(chain(A, B, C), chain("drop", C, A), detected_at=now, last_in_sync_at=now))
    assert shown == (
        "d1: drift, 3 differences (golden -> live)\n"
        "  traffic impact: unknown: it counts as widening, and nothing is changed automatically\n"
        "    not decided: not-assessed\n"
        "    to do: the rules of this platform are not judged: read the difference below\n"
        "  last in sync: 2030-01-02 03:04:05 UTC\n"
        "  table inet t / chain c\n"
        "    + at 1: drop\n"
        f"    > moved from 3 to 2: {C}\n"
        f"    - was at 2: {B}\n"
    )


def test_a_changed_secret_is_told_and_not_shown(snapshot: Callable[..., Snapshot], now: datetime.datetime) -> None:
    golden, live = (snapshot(f"username a secret 0 {value}\n!\nend\n", "eos") for value in ("one", "two"))
    shown = render_text(compare(golden, live, detected_at=now))
    assert "a secret changed" in shown
    assert shown.count("<redacted>") == 2
    document = render_json(compare(golden, live, detected_at=now))
    assert document["differences"][0]["severity"] == "secret"
    assert document["differences"][0]["live"] == "username a secret 0 <redacted>"


def test_long_sections_are_begun_and_cut(snapshot: Callable[..., Snapshot], now: datetime.datetime) -> None:
    rules = "".join(f"\t\tip saddr 192.0.2.{n} accept\n" for n in range(50))
    shown = render_text(
        compare(snapshot(f"table ip t {{\n\tchain c {{\n{rules}\t}}\n}}\n"), snapshot(""), detected_at=now)
    )
    assert "more lines" in shown
    assert len(shown.splitlines()) < 25


def test_device_text_cannot_forge_a_line_of_the_report(chain: Callable[..., Snapshot], now: datetime.datetime) -> None:
    forged = 'accept comment "x\n    - was at 1: nothing"'
    lines = render_text(compare(chain(A), chain(A, forged), detected_at=now)).splitlines()
    assert sum(line.startswith("    - ") for line in lines) == 0


def test_json_is_a_versioned_object_without_dates_of_its_own(
    chain: Callable[..., Snapshot], now: datetime.datetime
) -> None:
    document = render_json(compare(chain(A), chain(B), detected_at=now))
    assert document["schema"] == SCHEMA == "murenger.drift/1"
    assert document["detected_at"] == "2030-01-02T03:04:05Z"
    assert document["last_in_sync_at"] is None
    assert document["impact"] == {
        "verdict": "unknown",
        "effect": "unknown",
        "opened": [],
        "closed": [],
        "flows_left": 0,
        "witnesses": [],
        "unknowns": ["not-assessed"],
        "assumptions": [],
        "handling": [],
        "violations": [],
        "crown_jewel": None,
        "proof": None,
    }
    assert json.loads(json.dumps(document)) == document


def test_steps_read_live_to_golden(chain: Callable[..., Snapshot]) -> None:
    assert steps(chain(B, "drop", A), chain(A, B)) == (
        f"table inet t / chain c: move from 3 to 1: {A}",
        "table inet t / chain c: remove: drop",
    ) or steps(chain(B, "drop", A), chain(A, B))[0].startswith("table inet t / chain c: move from")
    assert steps(chain(A), chain(A, B)) == (f"table inet t / chain c: add at 2: {B}",)
    assert steps(chain(A), chain(A)) == ()


def test_a_step_about_a_whole_section_is_one_line(snapshot: Callable[..., Snapshot]) -> None:
    (step,) = steps(snapshot(""), snapshot("table ip t {\n\tchain c {\n\t}\n}\n"))
    assert step == "add: table ip t { ... (4 lines)"


def test_unified_reads_golden_to_live_and_escapes() -> None:
    shown = unified("a\nb\n", "a\n\x1b[31m <murenger-secret:0123456789abcdef0123456789abcdef>\n")
    assert "-b\n" in shown
    assert "+\\x1b[31m <redacted>\n" in shown


def test_unified_of_too_long_texts_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "MAX_UNIFIED_LINES", 3)
    assert unified("a\nb\n", "c\nd\n") == "too large to detail: 2 and 2 lines\n"


def test_description_sees_private_and_quoted_keys_and_every_level() -> None:
    golden = {"__a": "1", "b": {"root['x']": "1", "same": "1"}, "gone": "1"}
    live = {"__a": "2", "b": {"root['x']": "2", "same": "1", '"new"': "1"}}
    assert describe(golden, live) == {
        ("__a",): Operation.CHANGED,
        ("b", "root['x']"): Operation.CHANGED,
        ("b", '"new"'): Operation.ADDED,
        ("gone",): Operation.REMOVED,
    }
