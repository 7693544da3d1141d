"""Plans for IOS: what released tools type is refuted with the step named, what we type is proved state by state."""

import random
from collections.abc import Iterable, Sequence

import pytest

from murenger.adapters.engine import ChildAssessor
from murenger.errors import GuardRefusedError
from murenger.heal.edits.ios import Ios, simulate
from murenger.heal.edits.ios_plan import EditPlan, Method, plan
from murenger.model.management import Management
from murenger.semantics.proofs import HitlessProof, Proven

BASE = """\
hostname r1
!
interface GigabitEthernet0/0
 description uplink
 ip address 198.51.100.1 255.255.255.0
 ip access-group EDGE in
!
interface GigabitEthernet0/1
 ip address 203.0.113.1 255.255.255.0
!
ip access-list extended EDGE
@
line vty 0 4
 transport input ssh
"""
WEB, HOST = "permit tcp any host 203.0.113.10 eq 443", "deny ip any host 203.0.113.10"
ALL, NONE = "permit ip any any", "deny ip any any"
US = Management(sources=("192.0.2.10",), address="198.51.100.1", port=22, interface="GigabitEthernet0/0")
SSH = "permit tcp host 192.0.2.10 host 198.51.100.1 eq 22"


@pytest.fixture(scope="module")
def engine() -> ChildAssessor:
    return ChildAssessor()


def router(*lines: str) -> str:
    """Return a router whose bound list has these lines, numbered from 10."""
    return BASE.replace("@", "\n".join(f" {10 * number} {line}" for number, line in enumerate(lines, start=1)))


def typed(engine: ChildAssessor, live: str, golden: str, commands: Iterable[str]) -> HitlessProof:
    """Return what is proven of commands that somebody else's tool prints."""
    steps = list(simulate(live, commands))
    texts = (Ios(live).text, *(step.text for step in steps))
    return engine.prove_hitless("ios", texts, golden=golden, steps=[step.command for step in steps])


def proved(engine: ChildAssessor, made: EditPlan, golden: str, management: Management | None = None) -> HitlessProof:
    """Return what is proven of a plan of ours."""
    names = [step.command for step in made.steps]
    return engine.prove_hitless("ios", made.states, golden=golden, steps=names, management=management)


def refuted(found: HitlessProof) -> list[str]:
    return [step.step for step in found.steps if step.verdict is Proven.REFUTED]


def test_a_swap_that_empties_the_bound_list_on_its_way_is_refuted_at_that_step(engine: ChildAssessor) -> None:
    live, golden = router(WEB, HOST), router(HOST, WEB)
    found = typed(engine, live, golden, ["ip access-list extended EDGE", "no 10", "no 20", f"10 {HOST}", f"20 {WEB}"])
    assert refuted(found) == ["no 20"]
    assert "permits what neither live nor golden does" in found.steps[1].text


def test_the_same_swap_by_a_shadow_list_is_proved(engine: ChildAssessor) -> None:
    live, golden = router(WEB, HOST), router(HOST, WEB)
    made = plan(live, golden)
    assert made.methods == (("EDGE", Method.SHADOW),)
    assert proved(engine, made, golden).states_verdict is Proven.PROVED
    assert Ios(made.states[-1]).text == Ios(golden).text


def test_deleting_around_a_rogue_permit_that_cuts_a_golden_flow_is_refuted_at_that_step(engine: ChildAssessor) -> None:
    live, golden = router(ALL, HOST, WEB), router(WEB, HOST)
    commands = ["ip access-list extended EDGE", "no 10", "no 30", f"10 {WEB}"]
    found = typed(engine, live, golden, commands)
    assert refuted(found) == ["no 10", "no 30"]
    assert "cuts what live and golden both permit" in found.steps[0].text
    assert [cut.number for cut in found.cuts] == [1, 2]


def test_a_rogue_permit_goes_by_one_deletion(engine: ChildAssessor) -> None:
    live, golden = router(ALL, WEB, HOST), router(WEB, HOST)
    made = plan(live, golden)
    assert made.methods == (("EDGE", Method.ORDERED),)
    assert made.commands == ("ip access-list extended EDGE", "no 10", "exit", "ip access-list resequence EDGE 10 10")
    assert proved(engine, made, golden).states_verdict is Proven.PROVED
    assert Ios(made.states[-1]).text == Ios(golden).text


def test_room_is_made_where_numbers_leave_none(engine: ChildAssessor) -> None:
    live = router(WEB, NONE).replace(" 20 ", " 11 ")
    golden = router(WEB, "permit tcp any any eq 25", "permit tcp any any eq 53", NONE)
    made = plan(live, golden)
    assert made.commands[0].startswith("ip access-list resequence EDGE ")
    assert proved(engine, made, golden).states_verdict is Proven.PROVED
    assert Ios(made.states[-1]).text == Ios(golden).text


def test_a_list_that_shows_no_numbers_is_numbered_first(engine: ChildAssessor) -> None:
    live, golden = (router(*lines).replace(" 10 ", " ").replace(" 20 ", " ") for lines in ((ALL,), (WEB, NONE)))
    made = plan(live, golden)
    assert made.commands[0].startswith("ip access-list resequence EDGE ")
    assert proved(engine, made, golden).states_verdict is Proven.PROVED


def test_the_runner_keeps_its_way_through_the_bound_list(engine: ChildAssessor) -> None:
    live, golden = router(WEB, SSH, HOST), router(SSH, HOST, WEB)
    made = plan(live, golden)
    found = proved(engine, made, golden, US)
    # The model holds nothing of what the router itself sends.
    assert (found.states_verdict, found.management.verdict) == (Proven.PROVED, Proven.UNKNOWN)
    shut = engine.prove_hitless("ios", (live, router(WEB, HOST)), management=US)
    assert shut.management.verdict is Proven.REFUTED


def test_a_numbered_list_is_replaced_by_a_shadow_and_never_line_by_line(engine: ChildAssessor) -> None:
    def flat(*lines: str) -> str:
        body = "\n".join(f"access-list 101 {line}" for line in lines)
        return BASE.replace("access-group EDGE", "access-group 101").replace("ip access-list extended EDGE\n@", body)

    live, golden = flat(WEB, HOST), flat(HOST, WEB)
    # IOS deletes the whole list, whatever line is named.
    naive = [f"no access-list 101 {WEB}", f"access-list 101 {HOST}", f"access-list 101 {WEB}"]
    assert refuted(typed(engine, live, golden, naive))[:1] == [f"no access-list 101 {WEB}"]
    made = plan(live, golden)
    assert made.methods == (("101", Method.SHADOW),)
    assert proved(engine, made, golden).states_verdict is Proven.PROVED


def test_a_list_that_somebody_unbound_is_bound_again_when_it_is_whole(engine: ChildAssessor) -> None:
    golden = router(WEB, HOST)
    live = router(ALL, WEB, HOST).replace(" ip access-group EDGE in\n", "")
    made = plan(live, golden)
    assert made.commands[-3:] == ("interface GigabitEthernet0/0", "ip access-group EDGE in", "exit")
    assert proved(engine, made, golden).states_verdict is Proven.PROVED


def test_a_rogue_list_is_unbound_before_it_is_deleted(engine: ChildAssessor) -> None:
    golden = router(WEB, HOST)
    rogue = f"ip access-list extended ROGUE\n 10 {ALL}\nline vty"
    live = golden.replace("in\n!", "in\n ip access-group ROGUE out\n!").replace("line vty", rogue)
    made = plan(live, golden)
    assert made.commands[-1] == "no ip access-list extended ROGUE"
    assert proved(engine, made, golden).states_verdict is Proven.PROVED


ENTRIES = (WEB, HOST, ALL, "permit udp any any eq 53", "deny tcp any any eq 25", "permit tcp any any established")


def test_random_plans_are_proved_and_end_in_golden(engine: ChildAssessor) -> None:
    chance = random.Random(5)  # noqa: S311 - the same plans each time
    methods = set()
    for _ in range(8):
        live, golden = (router(*chance.sample(ENTRIES, chance.randint(2, 5)), NONE) for _ in range(2))
        made = plan(live, golden)
        methods |= {method for _, method in made.methods}
        assert Ios(made.states[-1]).text == Ios(golden).text
        found = proved(engine, made, golden)
        assert found.states_verdict is Proven.PROVED, (made.commands, found)
    assert methods == set(Method)


def plan_texts(live: Sequence[str], golden: Sequence[str]) -> EditPlan:
    return plan(router(*live), router(*golden))


def test_no_change_is_no_command() -> None:
    assert plan_texts((WEB, HOST), (WEB, HOST)).commands == ()


def test_what_is_no_access_list_is_refused_by_name() -> None:
    golden = router(WEB)
    with pytest.raises(GuardRefusedError, match="'hostname r2' is not the same"):
        plan(golden, golden.replace("hostname r1", "hostname r2"))


def test_a_list_that_somebody_else_uses_is_not_replaced() -> None:
    used = "line vty 0 4\n access-class EDGE in"
    live, golden = (router(*lines).replace("line vty 0 4", used) for lines in ((WEB, HOST), (HOST, WEB)))
    with pytest.raises(GuardRefusedError, match="'line vty 0 4' uses it in 'access-class EDGE in'"):
        plan(live, golden)


def test_a_taken_shadow_name_is_refused() -> None:
    live, golden = (router(*lines).replace("uplink", "EDGE-murenger") for lines in ((WEB, HOST), (HOST, WEB)))
    with pytest.raises(GuardRefusedError, match="EDGE-murenger is taken"):
        plan(live, golden)


def test_a_golden_that_binds_an_empty_list_is_refused() -> None:
    live = router(WEB)
    with pytest.raises(GuardRefusedError, match="empty or undefined"):
        plan(live, router())


def test_a_method_that_cannot_do_it_is_refused() -> None:
    with pytest.raises(GuardRefusedError, match="would stand there twice"):
        plan(router(WEB, HOST), router(HOST, WEB), only=Method.ORDERED)
