"""The classifier answers as the interpreter does, whatever the rules are; it only takes less time."""

import dataclasses
import pathlib
import random

import pytest

from murenger.adapters.parsers import parser_for
from murenger.model.packet import Packet
from murenger.semantics import classifier as module
from murenger.semantics.classifier import Classifier
from murenger.semantics.interpreter import Answer, trace
from murenger.semantics.intervals import IntervalSet
from murenger.semantics.ir import (
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
    TcpFlags,
)
from murenger.semantics.traffic import sample

KEYS = tuple(OpaqueKey("app", f"{number:064x}", f"application {number}") for number in range(3))
PROTOCOLS = (1, 6, 17, 47, 58, 132)
PLACES = ("eth0", "eth1", "ppp0", "lan")


def some(draw: random.Random, top: int) -> IntervalSet:
    """Return a few intervals over a few small values, so that rules meet; now and then everything."""
    if draw.random() < 0.25:
        return IntervalSet(((0, top),))
    return IntervalSet.of(
        *(tuple(sorted((draw.randrange(12), draw.randrange(12)))) for _ in range(draw.choice((1, 2))))
    )


def a_place(draw: random.Random) -> Places:
    kind = draw.random()
    if kind < 0.6:
        return ANY_PLACE
    if kind < 0.8:
        return Places.of(*draw.sample((*PLACES, "ppp*"), 2))
    return Places.but(draw.choice((*PLACES, "ppp*")))


def a_match(draw: random.Random) -> Match:
    family = draw.choice((4, 6))
    top = (1 << (32 if family == 4 else 128)) - 1
    protocols = draw.choice((IntervalSet(((0, 255),)), *(IntervalSet.single(number) for number in PROTOCOLS)))
    return Match(
        family=family,
        src=some(draw, top),
        dst=some(draw, top),
        l4=tuple(L4(protocols, some(draw, 65_535), some(draw, 65_535)) for _ in range(draw.choice((1, 1, 2)))),
        state=State(draw.choice((31, 31, 1, 6))),
        flags=TcpFlags(draw.choice((7, 7, 2, 5))),
        ingress=a_place(draw),
        egress=a_place(draw),
        opaque=((draw.choice(KEYS), draw.random() < 0.5),) if draw.random() < 0.15 else (),
    )


def a_list(draw: random.Random, name: str, hooks: frozenset[Hook], acl: str = "") -> RuleList:
    rules = [
        Rule(
            action=draw.choice(tuple(Action)),
            any_of=tuple(a_match(draw) for _ in range(draw.choice((0, 1, 1, 1, 3)))),
            unless=(a_match(draw),) if draw.random() < 0.15 else (),
            provenance=Provenance(rule=f"{name} {number}", first_line=number + 1),
        )
        for number in range(draw.randrange(12))
    ]
    last = Rule(action=draw.choice(tuple(Action)), any_of=EVERYTHING, provenance=Provenance(rule=f"{name} default"))
    return RuleList(name=name, hooks=hooks, rules=(*rules, last), acl=acl)


def a_ruleset(draw: random.Random) -> Ruleset:
    ways = frozenset({Hook.FORWARD, Hook.OUTPUT})
    lists = [a_list(draw, f"list{number}", ways) for number in range(draw.choice((0, 1, 1, 2, 3)))]
    return Ruleset(
        platform="nftables",
        lists=(*lists, a_list(draw, "named", frozenset({Hook.ACL}), acl="named")),
        covers=ways,
        zones=(("lan", frozenset({"eth1"})),) if draw.random() < 0.3 else (),
    )


def a_packet(draw: random.Random) -> Packet:
    proto = draw.choice(PROTOCOLS)
    family = draw.choice((4, 6))
    has_ports = proto in (6, 17, 132) or (family, proto) in ((4, 1), (6, 58))
    return Packet(
        family=family,
        src=draw.randrange(14),
        dst=draw.randrange(14),
        proto=proto,
        sport=draw.randrange(14) if has_ports else 0,
        dport=draw.randrange(14) if has_ports else 0,
        flags=draw.choice(("syn", "ack", "none")) if proto == 6 else "none",
        state=draw.choice(("new", "established", "invalid")),
        ingress=draw.choice(("", *PLACES, "wlan9")),
        egress=draw.choice(("", *PLACES)),
        acl=draw.choice(("", "", "", "named", "absent")),
    )


@pytest.mark.parametrize("block", [1_024, 3])
def test_every_answer_is_the_interpreters(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", block)
    draw = random.Random(20_261_122 + block)  # noqa: S311 - the same rules every time
    answers = dict.fromkeys(Answer, 0)
    for _ in range(150):
        ruleset = a_ruleset(draw)
        classifier = Classifier(ruleset)
        for packet in (a_packet(draw) for _ in range(60)):
            expected = trace(ruleset, packet)
            assert classifier.trace(packet) == expected
            answers[expected.answer] += 1
    # Nothing is shown where one answer is never met.
    assert all(count > 200 for count in answers.values()), answers


def test_what_is_remembered_of_ways_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAYS", 5)
    draw = random.Random(7)  # noqa: S311 - the same rules every time
    ruleset = a_ruleset(draw)
    classifier = Classifier(ruleset)
    for number in range(40):
        packet = Packet(family=4, src=1, dst=2, proto=6, ingress=f"eth{number}", egress="eth0")
        assert classifier.trace(packet) == trace(ruleset, packet)
    assert len(classifier._ways) <= 6  # noqa: SLF001 - the bound is the claim


def test_a_condition_behind_the_deciding_rule_has_no_say() -> None:
    box = EVERYTHING[0]
    sure = Rule(action=Action.DENY, any_of=(box,), provenance=Provenance(rule="first"))
    asking = Match(family=4, src=box.src, dst=box.dst, opaque=((KEYS[0], True),))
    behind = tuple(
        Rule(action=Action.PERMIT, any_of=(asking,), provenance=Provenance(rule=f"behind {n}")) for n in range(12)
    )
    default = Rule(action=Action.PERMIT, any_of=EVERYTHING, provenance=Provenance(rule="default"))
    only = RuleList(name="one", hooks=frozenset({Hook.FORWARD}), rules=(sure, *behind, default))
    ruleset = Ruleset(platform="eos", lists=(only,), covers=frozenset({Hook.FORWARD}))
    packet = Packet(family=4, src=1, dst=2, proto=6, ingress="a", egress="b")
    assert trace(ruleset, packet).answer is Answer.DENY
    assert Classifier(ruleset).trace(packet) == trace(ruleset, packet)


def test_conditions_of_a_list_behind_one_that_denies_have_no_say() -> None:
    box = EVERYTHING[0]
    keys = [OpaqueKey("app", f"{number:064x}", f"application {number}") for number in range(12)]
    asking = tuple(
        Rule(
            action=Action.PERMIT,
            any_of=(Match(family=4, src=box.src, dst=box.dst, opaque=((key, True),)),),
            provenance=Provenance(rule=key.label),
        )
        for key in keys
    )
    default = Rule(action=Action.DENY, any_of=EVERYTHING, provenance=Provenance(rule="default"))
    hooks = frozenset({Hook.FORWARD})
    lists = tuple(
        RuleList(name=name, hooks=hooks, rules=rules) for name, rules in (("a", (default,)), ("b", (*asking, default)))
    )
    ruleset = Ruleset(platform="nftables", lists=lists, covers=hooks)
    packet = Packet(family=4, src=1, dst=2, proto=6, ingress="a", egress="b")
    assert (trace(ruleset, packet).answer, trace(ruleset, packet).rule_list) == (Answer.DENY, "a")
    assert Classifier(ruleset).trace(packet) == trace(ruleset, packet)


CONFIGURATIONS = {".conf", ".json", ".txt", ".xml"}
FIXTURES = sorted(
    path for path in pathlib.Path(__file__).parents[2].glob("fixtures/*/rules/*") if path.suffix in CONFIGURATIONS
)


def packets_of(draw: random.Random, ruleset: Ruleset, count: int) -> list[Packet]:
    """Return packets at rules of the ruleset, each moved a little now and then."""
    lists = [one for one in ruleset.lists if any(rule.any_of for rule in one.rules)]
    found: list[Packet] = []
    for _ in range(count if lists else 0):
        one = draw.choice(lists)
        match = draw.choice(draw.choice([rule for rule in one.rules if rule.any_of]).any_of)
        packet = sample(match, min(one.hooks, key=lambda hook: hook.value), one.acl)
        if packet is not None:
            moved = {"src": packet.src ^ 1, "dst": packet.dst ^ 256, "state": "new"}
            found.append(
                dataclasses.replace(packet, **dict(draw.sample(sorted(moved.items()), draw.choice((0, 1, 2)))))
            )
    return found


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_every_answer_is_the_interpreters_on_real_configurations(path: pathlib.Path) -> None:
    ruleset = parser_for(path.parent.parent.name).parse(path.read_text(encoding="utf-8"))
    classifier = Classifier(ruleset)
    packets = packets_of(random.Random(path.name), ruleset, 150)  # noqa: S311 - the same packets every time
    assert len(packets) > 20
    for packet in packets:
        assert classifier.trace(packet) == trace(ruleset, packet)


def test_a_zone_spelt_out_as_one_interface_is_that_interface() -> None:
    # The rules name the interface: under the zone's name none of them would match.
    text = (pathlib.Path(__file__).parents[2] / "fixtures/junos/rules/mixed.conf").read_text()
    rules = parser_for("junos").parse(text)
    ((zone, members),) = rules.spelt_zones
    interface = min(members)
    rules = dataclasses.replace(rules, spelt_zones=((zone, frozenset({interface})),))
    found = [one for rule_list in rules.lists for rule in rule_list.rules for one in map(_forward, rule.any_of) if one]
    named = [dataclasses.replace(one, ingress=zone) for one in found if one.ingress == interface]
    assert named
    for one in named:
        there = dataclasses.replace(one, ingress=interface)
        assert Classifier(rules).trace(one) == trace(rules, one) == trace(rules, there)


def _forward(match: Match) -> Packet | None:
    return sample(match, Hook.FORWARD)
