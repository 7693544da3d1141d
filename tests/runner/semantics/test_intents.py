"""Intents as packets: what each is about, whether rules keep it, and which contradict each other."""

import dataclasses
import pathlib
from collections.abc import Iterator

import pytest

from murenger.config.intents import read_intents
from murenger.errors import ConfigError
from murenger.model.packet import Packet
from murenger.semantics import intents as module
from murenger.semantics.intents import Holding, Intents, check, contradictions, questions, traffic_of, watched
from murenger.semantics.interpreter import Answer, in_box, trace
from murenger.semantics.intervals import ANY_PORT, IntervalSet, any_address, network
from murenger.semantics.ir import (
    ANY_L4,
    ANY_PLACE,
    EVERYTHING,
    L4,
    Action,
    Hook,
    Match,
    OpaqueKey,
    Places,
    Provenance,
    Rule,
    RuleList,
    Ruleset,
    State,
)
from murenger.semantics.verdict import Limits

HEAD = """\
version: 1
segments:
  - {name: app, prefixes: [10.2.0.0/24], interfaces: [lan0]}
  - {name: admin, prefixes: [10.9.0.0/28]}
  - {name: card-db, prefixes: [10.1.2.0/24], crown_jewel: true}
  - {name: outside, interfaces: [wan0]}
  - {name: v6, prefixes: ["2001:db8::/32"]}
services:
  - {name: postgres, protocol: tcp, ports: [5432]}
  - {name: ssh, protocol: tcp, ports: [22]}
  - {name: rdp, protocol: tcp, ports: [3389]}
intents:
"""
ONLY = "  - {name: only, expect: only, from: app, to: card-db, services: postgres, severity: critical}\n"
NEVER = "  - {name: never, expect: deny, from: outside, to: card-db, severity: high}\n"
MUST = "  - {name: must, expect: permit, from: app, to: card-db, services: postgres, severity: low}\n"


def said(*rows: str) -> Intents:
    return read_intents(pathlib.Path("intents.yml"), (HEAD + "".join(rows)).encode())


def rule(action: Action, name: str, src: str = "", dst: str = "", port: int | None = None, **more: object) -> Rule:
    l4 = ANY_L4 if port is None else (L4(IntervalSet.single(6), ANY_PORT, IntervalSet.single(port)),)
    match = Match(
        family=4,
        src=network(src)[1] if src else any_address(4),
        dst=network(dst)[1] if dst else any_address(4),
        l4=l4,
    )
    match = dataclasses.replace(match, **more)  # type: ignore[arg-type]  # a test names fields that there are
    return Rule(action=action, any_of=(match,), provenance=Provenance(rule=name, first_line=7, last_line=8))


ESTABLISHED = Rule(
    action=Action.PERMIT,
    any_of=tuple(dataclasses.replace(one, state=State.ESTABLISHED | State.RELATED) for one in EVERYTHING),
    provenance=Provenance(rule="established"),
)
DENY = Rule(action=Action.DENY, any_of=EVERYTHING, provenance=Provenance(rule="default deny", synthetic=True))


def ruleset(*rules: Rule, hook: Hook = Hook.FORWARD) -> Ruleset:
    only = RuleList(name="forward", hooks=frozenset({hook}), rules=(ESTABLISHED, *rules, DENY))
    return Ruleset(platform="nftables", lists=(only,), covers=frozenset({hook}))


GOOD = rule(Action.PERMIT, "app-to-db", "10.2.0.0/24", "10.1.2.0/24", 5432, ingress=Places.of("lan0"))


def test_rules_that_keep_every_intent_are_proven_to() -> None:
    assert [result.holding for result in check(ruleset(GOOD), said(ONLY, NEVER, MUST))] == [Holding.HOLDS] * 3


@pytest.mark.parametrize(
    ("rogue", "broken"),
    [
        (rule(Action.PERMIT, "rdp", "", "10.1.2.3", 3389), {"only", "never"}),
        (rule(Action.PERMIT, "other-port", "10.2.0.0/24", "10.1.2.0/24", 5433), {"only", "never"}),
        (rule(Action.PERMIT, "one-source-more", "10.2.0.0/23", "10.1.2.9", 5432), {"only", "never"}),
        (rule(Action.PERMIT, "wan", ingress=Places.of("wan0")), {"only", "never"}),
        (rule(Action.PERMIT, "lan", "10.3.0.0/16", "10.1.2.0/24", ingress=Places.of("lan0")), {"only"}),
        (rule(Action.DENY, "one-address", "10.2.0.77", "10.1.2.0/24"), {"must"}),
        (rule(Action.DENY, "one-source-port", l4=(L4(IntervalSet.single(6), IntervalSet.single(9)),)), {"must"}),
    ],
)
def test_each_failure_has_a_counterexample_that_stands(rogue: Rule, broken: set[str]) -> None:
    rules = ruleset(rogue, GOOD)
    intents = said(ONLY, NEVER, MUST)
    results = check(rules, intents)
    failed = {result.intent.name: result for result in results if result.holding is Holding.FAILS}
    assert failed.keys() == broken
    assert all(result.holding is Holding.HOLDS for result in results if result.intent.name not in broken)
    for name, result in failed.items():
        assert result.counterexample is not None
        assert trace(rules, result.counterexample).answer is (Answer.DENY if name == "must" else Answer.ALLOW)
        (boxes,) = traffic_of(result.intent).values()
        assert any(in_box(box, result.counterexample) for box in boxes)
        assert result.decider is not None
        assert result.decider.rule.rule == rogue.provenance.rule


def test_replies_of_permitted_connections_break_no_intent() -> None:
    assert trace(ruleset(), packet(state="established", flags="ack")).answer is Answer.ALLOW
    assert check(ruleset(), said(NEVER))[0].holding is Holding.HOLDS


def test_a_condition_that_nobody_can_tell_leaves_an_intent_undecided() -> None:
    key = OpaqueKey("app", "0" * 64, "application ssl")
    rules = ruleset(rule(Action.PERMIT, "maybe", "", "10.1.2.3", 3389, opaque=((key, True),)))
    (result,) = check(rules, said(NEVER))
    assert result.holding is Holding.UNKNOWN
    assert result.counterexample is None
    assert result.unknowns
    assert all(text.startswith(("opaque", "budget")) for text in result.unknowns)


def test_a_way_that_the_model_does_not_hold_is_never_said_to_be_kept() -> None:
    intent = "  - {name: ssh-to-it, expect: deny, from: outside, to: device, services: ssh, severity: high}\n"
    (result,) = check(ruleset(GOOD), said(intent))
    assert result.holding is Holding.UNKNOWN
    assert result.unknowns == ("residue: the model holds no input traffic of this configuration",)


def test_traffic_to_the_device_itself_is_asked_on_its_own_way() -> None:
    intent = "  - {name: ssh-to-it, expect: deny, from: outside, to: device, services: ssh, severity: high}\n"
    open_to_all = rule(Action.PERMIT, "ssh", port=22)
    (result,) = check(ruleset(open_to_all, hook=Hook.INPUT), said(intent))
    assert result.holding is Holding.FAILS
    assert result.counterexample is not None
    assert (result.counterexample.ingress, result.counterexample.egress) == ("wan0", "")
    assert check(ruleset(hook=Hook.INPUT), said(intent))[0].holding is Holding.HOLDS


def test_a_budget_that_is_spent_proves_nothing() -> None:
    many = [rule(Action.PERMIT, f"r{n}", f"10.{n % 256}.{n % 7}.0/24", "10.1.2.0/24", n) for n in range(1, 400)]
    (result,) = check(ruleset(*many), said(MUST), Limits(cpu_s=0.0))
    assert result.holding is not Holding.HOLDS


def test_an_intent_that_no_packet_fits_is_not_kept_by_chance() -> None:
    intent = "  - {name: mixed, expect: deny, from: app, to: v6, severity: low}\n"
    (result,) = check(ruleset(), said(intent))
    assert result.holding is Holding.UNKNOWN
    assert result.unknowns[0].startswith("empty: no packet fits it")


def packet(**fields: object) -> Packet:
    base = Packet(
        family=4,
        src=0x0A020001,
        dst=0x0A010203,
        proto=6,
        sport=40_000,
        dport=5432,
        flags="syn",
        ingress="lan0",
        egress="x",
    )
    return dataclasses.replace(base, **fields)  # type: ignore[arg-type]  # a test names fields that there are


def probes() -> Iterator[Packet]:
    for src in (0x0A020001, 0x0A0200FF, 0x0A020100, 0x0A090001, 0x0A090010, 1):
        for dst in (0x0A010200, 0x0A0102FF, 0x0A010300):
            for dport in (22, 5431, 5432, 5433):
                for proto, flags in ((6, "syn"), (6, "ack"), (17, "none")):
                    for state in ("new", "established"):
                        yield packet(src=src, dst=dst, dport=dport, proto=proto, flags=flags, state=state)


def test_exceptions_take_away_exactly_what_they_say() -> None:
    row = ONLY.replace("severity", "except: [{from: admin, services: ssh}], severity")
    (boxes,) = traffic_of(said(row).intents[0]).values()
    for one in probes():
        is_app = one.src >> 8 == 0x0A0200 and (one.proto, one.dport) == (6, 5432)
        is_admin = one.src >> 4 == 0x0A09000 and (one.proto, one.dport) == (6, 22)
        opens = one.state == "new" and (one.proto != 6 or one.flags == "syn")
        expected = opens and one.dst >> 8 == 0x0A0102 and not is_app and not is_admin
        assert sum(in_box(box, one) for box in boxes) == int(expected), one


def test_every_intent_and_crown_jewel_is_watched() -> None:
    asked = watched(said(ONLY, NEVER))
    assert set(asked) == {"intent:only:forward", "intent:never:forward", "jewel:card-db"}
    hook, boxes = asked["jewel:card-db"]
    assert hook is Hook.FORWARD
    assert {box.dst for box in boxes} == {network("10.1.2.0/24")[1]}
    assert all(box.ingress == ANY_PLACE for box in boxes)


def test_a_zone_and_its_interfaces_are_both_named_where_boxes_may_name_either() -> None:
    zoned = dataclasses.replace(ruleset(), zones=(("untrust", frozenset({"wan0", "wan1"})),))
    (question,) = [one for one in questions(said(NEVER), zoned) if one.intent]
    assert question.traffic[0].ingress == Places.of("wan0", "untrust")


def test_intents_that_contradict_each_other_are_found_and_named() -> None:
    deny = "  - {name: no-app, expect: deny, from: app, to: card-db, severity: low}\n"
    found = contradictions(said(ONLY, MUST, deny))
    assert [(one.permit.name, one.deny.name) for one in found] == [("must", "no-app")]
    assert (found[0].witness.src >> 8, found[0].witness.dst >> 8) == (0x0A0200, 0x0A0102)
    assert (found[0].witness.proto, found[0].witness.dport) == (6, 5432)


@pytest.mark.parametrize("devices", [("fw1", "fw2")])
def test_intents_of_different_devices_contradict_nothing(devices: tuple[str, str]) -> None:
    deny = f"  - {{name: no-app, expect: deny, from: app, to: card-db, severity: low, devices: {devices[0]}}}\n"
    must = MUST.replace("severity", f"devices: {devices[1]}, severity")
    assert not contradictions(said(must, deny))
    assert contradictions(said(must, deny.replace(devices[0], devices[1])))


def test_an_intent_cut_into_too_many_pieces_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PIECES", 3)
    with pytest.raises(ConfigError, match="intent only is in more than 3 pieces"):
        check(ruleset(), said(ONLY))
