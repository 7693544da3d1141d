"""Comparison: what the drift did, completely and in few words."""

import dataclasses
import datetime
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from murenger.compare import compare, sections
from murenger.errors import CompareError, ParseError
from murenger.model import Drift, Effect, Operation, Severity, Snapshot, Verdict
from murenger.secrets import RESALTED

A, B, C, D = (f"ip saddr 192.0.2.{number} accept" for number in range(1, 5))


def _operations(
    golden: Snapshot, live: Snapshot, now: datetime.datetime
) -> list[tuple[Operation, int | None, int | None]]:
    return [
        (d.operation, d.golden_position, d.live_position) for d in compare(golden, live, detected_at=now).differences
    ]


def test_equal_snapshots_are_in_sync_and_the_impact_is_none(
    chain: Callable[..., Snapshot], now: datetime.datetime
) -> None:
    drift = compare(chain(A, B), chain(A, B), detected_at=now, last_in_sync_at=now)
    assert drift.in_sync
    assert (drift.impact.verdict, drift.impact.effect) == (Verdict.EQUAL, Effect.NONE)
    assert drift.last_in_sync_at == now


def test_drift_has_an_impact_that_is_not_assessed(chain: Callable[..., Snapshot], now: datetime.datetime) -> None:
    drift = compare(chain(A), chain(A, B), detected_at=now)
    assert drift.impact.verdict is Verdict.UNKNOWN
    assert drift.impact.unknowns == ("not-assessed",)
    assert drift.golden_digest != drift.live_digest


def test_one_rule_taken_elsewhere_is_one_move(chain: Callable[..., Snapshot], now: datetime.datetime) -> None:
    assert _operations(chain(A, B, C, D), chain(D, A, B, C), now) == [(Operation.MOVED, 4, 1)]
    assert _operations(chain(A, B, C, D), chain(B, C, A, D), now) == [(Operation.MOVED, 1, 3)]


def test_differences_stand_in_the_order_the_device_evaluates(
    chain: Callable[..., Snapshot], now: datetime.datetime
) -> None:
    live = chain("drop", A, "ip protocol udp drop", D)
    assert _operations(chain(A, B, C, D), live, now) == [
        (Operation.ADDED, None, 1),
        (Operation.REMOVED, 2, None),
        (Operation.REMOVED, 3, None),
        (Operation.ADDED, None, 3),
    ]


def test_two_versions_of_a_rule_are_one_change(chain: Callable[..., Snapshot], now: datetime.datetime) -> None:
    one = 'ip saddr 192.0.2.1 tcp dport 22 accept comment "x"'
    other = 'ip saddr 192.0.2.1 tcp dport { 22, 23 } accept comment "x"'
    assert _operations(chain(A, one, B), chain(A, other, B), now) == [(Operation.CHANGED, 2, 2)]


def test_a_rule_doubled_is_one_addition(chain: Callable[..., Snapshot], now: datetime.datetime) -> None:
    assert _operations(chain(A, B), chain(A, B, A), now) == [(Operation.ADDED, None, 3)]
    assert _operations(chain(A, A, B), chain(A, B), now) == [(Operation.REMOVED, 2, None)]


def test_a_rule_with_a_line_end_in_its_comment_has_a_place_like_any_other(
    chain: Callable[..., Snapshot], now: datetime.datetime
) -> None:
    odd = 'accept comment "two\nlines"'
    assert _operations(chain(A, B, odd), chain(odd, A, B), now) == [(Operation.MOVED, 3, 1)]


_RULES = st.lists(st.integers(0, 9).map(lambda number: f"ip saddr 192.0.2.{number} tcp dport {number} accept"))


@settings(max_examples=200)
@given(before=_RULES, after=_RULES)
def test_the_differences_rebuild_live_from_golden(
    chain: Callable[..., Snapshot], now: datetime.datetime, before: object, after: object
) -> None:
    drift = compare(chain(*before), chain(*after), detected_at=now)
    assert drift.in_sync is (before == after)
    gone = {d.golden_position for d in drift.differences if d.golden_position is not None}
    placed = {d.live_position: d.live for d in drift.differences if d.live_position is not None}
    stayed = iter([rule for place, rule in enumerate(before, 1) if place not in gone])
    rebuilt = [placed.get(place) or next(stayed) for place in range(1, len(after) + 1)]
    assert rebuilt == after
    assert next(stayed, None) is None


_NAMES = st.sampled_from(["a", "b", "__private", "it's", 'quo"te', "root['x']", "x.y", "[0]"])
_LEAVES = st.dictionaries(_NAMES, st.sampled_from(["1", "2", "3"]), max_size=4)
_BLOCKS = st.dictionaries(_NAMES, _LEAVES, max_size=3)


def _junos(blocks: dict[str, dict[str, str]]) -> str:
    def word(name: str) -> str:
        return '"' + name.replace('"', '\\"') + '"'

    return "".join(
        f"{word(name)} {{\n" + "".join(f"    {word(key)} {value};\n" for key, value in leaves.items()) + "}\n"
        for name, leaves in blocks.items()
    )


@settings(max_examples=200)
@given(before=_BLOCKS, after=_BLOCKS)
def test_structured_items_differ_exactly_where_they_differ(
    snapshot: Callable[..., Snapshot], now: datetime.datetime, before: object, after: object
) -> None:
    golden, live = snapshot(_junos(before), "junos"), snapshot(_junos(after), "junos")
    found = compare(golden, live, detected_at=now).differences
    expected = sum(name not in after for name in before) + sum(name not in before for name in after)
    for name in before.keys() & after.keys():
        keys = before[name].keys() | after[name].keys()
        expected += sum(before[name].get(key) != after[name].get(key) for key in keys)
    assert len(found) == expected


def test_order_without_meaning_is_no_drift(snapshot: Callable[..., Snapshot], now: datetime.datetime) -> None:
    one = snapshot("interface Ethernet1\n   mtu 9000\n   description x\n!\nend\n", "eos")
    other = snapshot("interface Ethernet1\n   description x\n   mtu 9000\n!\nend\n", "eos")
    assert one.digest != other.digest
    assert compare(one, other, detected_at=now).in_sync


def test_sequence_numbers_say_the_place_and_nothing_else(
    snapshot: Callable[..., Snapshot], now: datetime.datetime
) -> None:
    def acl(*lines: str) -> Snapshot:
        return snapshot("ip access-list X\n" + "".join(f"   {line}\n" for line in lines) + "!\nend\n", "eos")

    golden = acl("10 permit tcp any any", "20 deny ip any any")
    assert compare(golden, acl("1 permit tcp any any", "2 deny ip any any"), detected_at=now).in_sync
    swapped = compare(golden, acl("10 deny ip any any", "20 permit tcp any any"), detected_at=now)
    assert [d.operation for d in swapped.differences] == [Operation.MOVED]


def test_a_list_is_compared_by_its_values_where_its_order_is_free(
    snapshot: Callable[..., Snapshot], now: datetime.datetime
) -> None:
    def policy(values: list[str], word: str = "application") -> Snapshot:
        return snapshot(f"match {{\n    {word} [ {values} ];\n}}\n", "junos")

    assert compare(policy("a b"), policy("b a"), detected_at=now).in_sync
    assert not compare(policy("a b"), policy("a c"), detected_at=now).in_sync
    assert not compare(policy("a b", "input-list"), policy("b a", "input-list"), detected_at=now).in_sync


def test_switching_a_part_off_is_a_change_and_what_changed_inside_shows_too(
    snapshot: Callable[..., Snapshot], now: datetime.datetime
) -> None:
    golden = snapshot("filter f {\n    term a {\n        then accept;\n    }\n}\n", "junos")
    live = snapshot("filter f {\n    inactive: term a {\n        then discard;\n    }\n}\n", "junos")
    found = compare(golden, live, detected_at=now).differences
    assert [(d.operation, d.golden, d.live) for d in found] == [
        (Operation.CHANGED, "term a", "inactive: term a"),
        (Operation.CHANGED, "then accept", "then discard"),
    ]


def test_elements_laid_out_otherwise_are_no_drift(snapshot: Callable[..., Snapshot], now: datetime.datetime) -> None:
    def with_set(elements: str) -> Snapshot:
        return snapshot(f"table ip t {{\n\tset s {{\n\t\ttype ipv4_addr\n\t\telements = {{ {elements} }}\n\t}}\n}}\n")

    assert compare(
        with_set("192.0.2.1, 192.0.2.2"), with_set("192.0.2.2,\n\t\t\t     192.0.2.1"), detected_at=now
    ).in_sync
    found = compare(with_set('192.0.2.1 comment "a, b"'), with_set("192.0.2.1"), detected_at=now).differences
    assert [(d.path[-1], d.golden, d.live) for d in found] == [
        ("elements", '192.0.2.1 comment "a, b"', None),
        ("elements", None, "192.0.2.1"),
    ]


def test_foreign_tables_are_reported_and_not_healed(snapshot: Callable[..., Snapshot], now: datetime.datetime) -> None:
    own = "table inet own {\n\tchain c {\n\t\taccept\n\t}\n}\n"
    drift = compare(snapshot(own), snapshot(own + own.replace("own", "foreign")), detected_at=now)
    assert [d.severity for d in drift.differences] == [Severity.FOREIGN]
    assert not drift.in_sync
    assert not drift.healable


def test_our_own_table_gone_is_no_foreign_matter(snapshot: Callable[..., Snapshot], now: datetime.datetime) -> None:
    drift = compare(snapshot("table inet own {\n}\n"), snapshot(""), detected_at=now)
    assert [(d.operation, d.severity) for d in drift.differences] == [(Operation.REMOVED, Severity.POLICY)]


@pytest.mark.parametrize(
    ("golden", "live", "severity"),
    [
        ("username a secret 0 x", "username a secret 0 y", Severity.SECRET),
        ("username a secret 0 x", "username a privilege 15 secret 0 y", Severity.POLICY),
        ("interface E1\n   description x", "interface E1\n   description y", Severity.OTHER),
        ("interface E1\n   mtu 1", "interface E1\n   mtu 2", Severity.POLICY),
        ("logging host 192.0.2.1", "logging host 192.0.2.2", Severity.OTHER),
        ("never heard of", "never heard of it", Severity.POLICY),
    ],
)
def test_how_much_a_difference_matters(
    golden: str, live: str, severity: Severity, snapshot: Callable[..., Snapshot], now: datetime.datetime
) -> None:
    drift = compare(snapshot(f"{golden}\n!\nend\n", "eos"), snapshot(f"{live}\n!\nend\n", "eos"), detected_at=now)
    assert [d.severity for d in drift.differences] == [severity]


def test_secrets_written_anew_at_each_read_are_named_and_never_drift(
    snapshot: Callable[..., Snapshot], now: datetime.datetime
) -> None:
    golden = snapshot("hostname x\n!\nend\n", "eos")
    golden = dataclasses.replace(golden, fingerprints=(("key a", RESALTED), ("key b", "<murenger-secret:x>")))
    assert compare(golden, golden, detected_at=now).not_comparable == ("key a",)


def test_different_platforms_cannot_be_compared(snapshot: Callable[..., Snapshot], now: datetime.datetime) -> None:
    with pytest.raises(CompareError, match="golden is eos"):
        compare(snapshot("hostname x\nend\n", "eos"), snapshot("a;\n", "junos"), detected_at=now)


def test_a_snapshot_that_cannot_be_read_is_told_apart(chain: Callable[..., Snapshot], now: datetime.datetime) -> None:
    broken = dataclasses.replace(chain(A), text="table inet t {\n")
    with pytest.raises(ParseError, match="d1: running cannot be read"):
        compare(chain(A), broken, detected_at=now)


def test_a_full_shuffle_is_told_in_one_difference_and_in_near_linear_time(
    chain: Callable[..., Snapshot], now: datetime.datetime
) -> None:
    def cost(size: int) -> tuple[float, Drift]:
        rules = [f"ip saddr 10.{n >> 16}.{n >> 8 & 255}.{n & 255} accept" for n in range(size)]
        golden, live = chain(*rules), chain(*(rules[(n * 7919) % size] for n in range(size)))
        started = time.process_time()
        drift = compare(golden, live, detected_at=now)
        return time.process_time() - started, drift

    small, _ = cost(2_003)
    large, drift = cost(10_007)
    assert large < max(small, 0.02) * 25
    assert [d.operation for d in drift.differences] == [Operation.CHANGED]
    assert drift.differences[0].live.startswith("too large to detail: 10007 entries")
    assert drift.differences[0].severity is Severity.POLICY


def test_too_many_differences_are_never_no_drift(
    snapshot: Callable[..., Snapshot], now: datetime.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sections, "MAX_DIFFERENCES", 3)
    monkeypatch.setattr(sections, "MAX_STRUCTURED", 3)
    lines = [f"   option {n}" for n in range(5)]
    golden = snapshot("interface E1\n" + "\n".join(lines) + "\n!\nend\n", "eos")
    live = snapshot("interface E1\n   mtu 1\n!\nend\n", "eos")
    drift = compare(golden, live, detected_at=now)
    assert [(d.path, d.golden) for d in drift.differences] == [
        (("interface E1",), "too large to detail: 5 entries"),
    ]


def test_a_large_set_exchanged_is_told_in_one_difference(
    snapshot: Callable[..., Snapshot], now: datetime.datetime
) -> None:
    def with_set(second: int) -> Snapshot:
        elements = ", ".join(f"10.{second}.{n >> 8}.{n & 255}" for n in range(3_000))
        return snapshot(f"table ip t {{\n\tset s {{\n\t\telements = {{ {elements} }}\n\t}}\n}}\n")

    drift = compare(with_set(1), with_set(2), detected_at=now)
    assert len(drift.differences) == 1
    assert drift.differences[0].path == ("table ip t", "set s", "elements")
