"""ASA: lines are edited by their place or a new list takes over, and what is not known is refused."""

import random

import pytest

from murenger.adapters.engine import ChildAssessor
from murenger.errors import GuardRefusedError
from murenger.heal.edits.asa import Asa, plan, simulate
from murenger.heal.edits.made import EditPlan, Method
from murenger.semantics.proofs import HitlessProof, Proven

HEAD = """\
ASA Version 9.16(4)
!
hostname asa1
interface GigabitEthernet0/0
 nameif outside
 security-level 0
!
interface GigabitEthernet0/1
 nameif inside
 security-level 100
!
"""
WEB, HOST = "extended permit tcp any host 203.0.113.10 eq https", "extended deny ip any host 203.0.113.10"
ALL, NONE = "extended permit ip any any", "extended deny ip any any"
ENTRIES = (WEB, HOST, ALL, "extended permit udp any any eq domain", "extended deny tcp any any eq smtp", "remark note")


@pytest.fixture(scope="module")
def engine() -> ChildAssessor:
    return ChildAssessor()


def firewall(*lines: str, group: str = "access-group EDGE in interface outside\n") -> str:
    return HEAD + "".join(f"access-list EDGE {line}\n" for line in lines) + group


def proved(engine: ChildAssessor, made: EditPlan, golden: str) -> HitlessProof:
    assert Asa.read(made.states[-1]).text == Asa.read(golden).text
    return engine.prove_hitless("asa", made.states, golden=golden, steps=[step.command for step in made.steps])


def test_two_swapped_lines_are_put_right_by_a_new_list(engine: ChildAssessor) -> None:
    live, golden = firewall(WEB, HOST), firewall(HOST, WEB)
    made = plan(live, golden)
    assert made.methods == (("EDGE", Method.SHADOW),)
    assert proved(engine, made, golden).states_verdict is Proven.PROVED


def test_a_line_is_inserted_at_its_place_before_another_goes(engine: ChildAssessor) -> None:
    live, golden = firewall(ALL, NONE), firewall(HOST, WEB, NONE)
    made = plan(live, golden)
    assert made.commands == (
        f"access-list EDGE line 1 {HOST}",
        f"access-list EDGE line 2 {WEB}",
        f"no access-list EDGE {ALL}",
    )
    assert proved(engine, made, golden).states_verdict is Proven.PROVED


def test_appending_a_line_that_belongs_on_top_is_refuted(engine: ChildAssessor) -> None:
    live, golden = firewall(ALL, WEB, NONE), firewall(WEB, NONE)
    steps = list(
        simulate(live, [f"no access-list EDGE {WEB}", f"no access-list EDGE {ALL}", f"access-list EDGE line 1 {WEB}"])
    )
    found = engine.prove_hitless("asa", (Asa.read(live).text, *(step.text for step in steps)), golden=golden)
    assert [step.number for step in found.steps if step.verdict is Proven.REFUTED] == [2]


def test_random_plans_are_proved_and_end_in_golden(engine: ChildAssessor) -> None:
    chance = random.Random(6)  # noqa: S311 - the same plans each time
    methods = set()
    for _ in range(8):
        live, golden = (firewall(*chance.sample(ENTRIES, chance.randint(2, 5)), NONE) for _ in range(2))
        made = plan(live, golden)
        methods |= {method for _, method in made.methods}
        assert proved(engine, made, golden).states_verdict is Proven.PROVED, made.commands
    assert methods == set(Method)


def test_a_rogue_list_is_unbound_and_cleared() -> None:
    golden = firewall(WEB, NONE)
    rogue = f"access-list ROGUE {ALL}\naccess-group ROGUE in interface inside\n"
    made = plan(golden + rogue, golden)
    assert made.commands == ("no access-group ROGUE in interface inside", "clear configure access-list ROGUE")


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (f"access-list EDGE line 9 {ALL}", "has no line 9"),
        (f"access-list EDGE line 1 {WEB}", "is there already"),
        (f"no access-list EDGE {ALL}", "there is no line"),
        ("no access-list EDGE", "nobody here knows"),
        ("clear configure access-list EDGE", "would vanish while it is used"),
        ("clear configure access-list OTHER", "there is no access-list OTHER"),
        ("access-group OTHER in interface outside", "there is no access-list OTHER"),
        ("no access-group EDGE in interface inside", "is not bound"),
        ("clear configure all", "nobody here knows"),
        ("reload noconfirm", "nobody here knows"),
    ],
)
def test_what_the_device_would_refuse_or_nobody_knows_is_refused(command: str, why: str) -> None:
    with pytest.raises(GuardRefusedError, match=why):
        list(simulate(firewall(WEB, NONE), [command]))


def test_the_last_line_of_a_bound_list_does_not_go() -> None:
    with pytest.raises(GuardRefusedError, match="would be empty while it is used"):
        list(simulate(firewall(WEB), [f"no access-list EDGE {WEB}"]))


@pytest.mark.parametrize(
    ("live", "golden", "why"),
    [
        (firewall(WEB), firewall(WEB).replace("asa1", "asa2"), "is not the same"),
        (firewall(WEB, HOST, WEB), firewall(WEB, HOST), "holds a line twice"),
        (
            HEAD + "class-map all\n match access-list EDGE\n" + firewall(WEB, HOST).removeprefix(HEAD),
            HEAD + "class-map all\n match access-list EDGE\n" + firewall(HOST, WEB).removeprefix(HEAD),
            "'match access-list EDGE' uses it",
        ),
        (
            HEAD + "name 10.0.0.1 EDGE-murenger\n" + firewall(WEB, HOST).removeprefix(HEAD),
            HEAD + "name 10.0.0.1 EDGE-murenger\n" + firewall(HOST, WEB).removeprefix(HEAD),
            "EDGE-murenger is taken",
        ),
    ],
)
def test_what_cannot_be_planned_is_refused_by_name(live: str, golden: str, why: str) -> None:
    with pytest.raises(GuardRefusedError, match=why):
        plan(live, golden)
