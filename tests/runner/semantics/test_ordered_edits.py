"""Ordered edits: thousands of small plans, every state of each looked at packet by packet; other orders do harm."""

import dataclasses
import random
from collections.abc import Callable, Iterable, Sequence

import pytest

from murenger.model.packet import Packet
from murenger.semantics.align import align
from murenger.semantics.interpreter import matches
from murenger.semantics.intervals import ANY_IPV4, IntervalSet
from murenger.semantics.ir import EVERYTHING, Action, Match, Provenance, Rule
from murenger.semantics.ordered_edits import Edit, Operation, Run, applied, ordered_edits, runs_of

PLANS = 3_000
TOP = 5
PACKETS = tuple(Packet(family=4, src=src, dst=1, proto=47, ingress="a", egress="b") for src in range(TOP + 1))
SPANS = tuple((low, high) for low in range(TOP + 1) for high in range(low, TOP + 1))


def rule(low: int, high: int, action: Action) -> Rule:
    match = Match(family=4, src=IntervalSet.of((low, high)), dst=ANY_IPV4)
    return Rule(action=action, any_of=(match,), provenance=Provenance(rule=f"{low}-{high}"))


RULES = {(span, action): rule(*span, action) for span in SPANS for action in Action}
DEFAULTS = {action: Rule(action=action, any_of=EVERYTHING, provenance=Provenance(rule="rest")) for action in Action}


def edited(rules: Sequence[Rule], chance: random.Random) -> list[Rule]:
    """Return rules after a few things that people do to them: insert, delete, move, change the default."""
    found = list(rules[:-1])
    for _ in range(chance.choice((1, 2, 2, 3))):
        what = chance.randrange(3)
        if what and found:
            moved = found.pop(chance.randrange(len(found)))
            if what == 1:
                found.insert(chance.randint(0, len(found)), moved)
        else:
            new = RULES[chance.choice(SPANS), chance.choice(tuple(Action))]
            found.insert(chance.randint(0, len(found)), new)
    default = rules[-1] if chance.random() < 0.9 else DEFAULTS[chance.choice(tuple(Action))]
    return [*found, default]


def plans(seed: int, count: int) -> Iterable[tuple[list[Rule], list[Rule]]]:
    """Yield golden and live lists."""
    chance = random.Random(seed)  # noqa: S311 - the same plans each time
    for _ in range(count):
        size = chance.randint(1, 5)
        golden = [RULES[chance.choice(SPANS), chance.choice(tuple(Action))] for _ in range(size)]
        golden.append(DEFAULTS[chance.choice(tuple(Action))])
        yield golden, edited(golden, chance)


MATCHED = {
    id(one): tuple(matches(one, packet, {}) for packet in PACKETS) for one in (*RULES.values(), *DEFAULTS.values())
}
"""Which packets each rule matches, by the interpreter."""


def verdicts(rules: Sequence[Rule]) -> list[Action]:
    """Return what becomes of every packet there is: the first match decides, and what nothing matches is denied."""
    known = [(one.action, MATCHED[id(one)]) for one in rules]
    return [
        next((action for action, matched in known if matched[number]), Action.DENY) for number in range(len(PACKETS))
    ]


def harmed(states: Iterable[Sequence[Rule]], golden: Sequence[Rule], live: Sequence[Rule]) -> bool:
    """True if some state gives a packet a verdict that it has neither in live nor in golden."""
    before, after = verdicts(live), verdicts(golden)
    return any(
        now not in (old, new) for state in states for now, old, new in zip(verdicts(state), before, after, strict=True)
    )


def test_no_state_of_thousands_of_plans_gives_a_packet_a_third_verdict() -> None:
    states = moved = 0
    for golden, live in plans(20, PLANS):
        edits = ordered_edits(runs_of(align(golden, live)))
        passed = list(applied(live, edits))
        assert not harmed(passed, golden, live), (golden, live)
        assert [*(passed[-1] if passed else live)] == golden
        states += len(passed)
        moved += len({edit.entry for edit in edits}) < len(edits)
    assert states > PLANS
    assert moved > 100


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Item:
    """A rule of both lists put together: golden's own before live's own in every gap."""

    rule: Rule
    is_golden: bool
    is_live: bool


def merged(golden: Sequence[Rule], live: Sequence[Rule]) -> list[Item]:
    """Return both lists as one."""
    found: list[Item] = []
    for run in runs_of(align(golden, live)):
        if run.is_paired:
            found += [Item(one, is_golden=True, is_live=True) for one in run.golden]
        else:
            found += [Item(one, is_golden=True, is_live=False) for one in run.golden]
            found += [Item(one, is_golden=False, is_live=True) for one in run.live]
    return found


def walked(items: Sequence[Item], changed: Sequence[Item]) -> list[list[Rule]]:
    """Return the states of the list when these items come and go in this order."""
    there = {id(one) for one in items if one.is_live}
    states = []
    for one in changed:
        there ^= {id(one)}
        states.append([other.rule for other in items if id(other) in there])
    return states


def right(added: list[Item], gone: list[Item]) -> list[Item]:
    return [*added, *reversed(gone)]


Order = Callable[[list[Item], list[Item]], list[Item]]
WRONG: dict[str, Order] = {
    "insert bottom-up": lambda added, gone: [*reversed(added), *reversed(gone)],
    "delete top-down": lambda added, gone: [*added, *gone],
    "delete before insert": lambda added, gone: [*reversed(gone), *added],
}


def in_order(golden: Sequence[Rule], live: Sequence[Rule], order: Order) -> list[list[Rule]]:
    """Return the states of a plan that follows an order."""
    items = merged(golden, live)
    added = [one for one in items if not one.is_live]
    gone = [one for one in items if not one.is_golden]
    return walked(items, order(added, gone))


def test_the_edits_are_those_of_the_theorem() -> None:
    for golden, live in plans(21, 300):
        edits = ordered_edits(runs_of(align(golden, live)))
        assert [list(state) for state in applied(live, edits)] == in_order(golden, live, right)


@pytest.mark.parametrize("name", WRONG)
def test_every_other_order_harms_somebody(name: str) -> None:
    broken = sum(harmed(in_order(golden, live, WRONG[name]), golden, live) for golden, live in plans(20, 700))
    assert broken > 5


def test_where_nothing_may_stand_twice_an_entry_is_moved_in_one_edit() -> None:
    runs = (Run("bx", "", is_paired=False), Run("a", "a", is_paired=True), Run("", "by", is_paired=False))
    edits = ordered_edits(runs, may_repeat=False)
    assert [edit.operation for edit in edits] == [Operation.MOVE, Operation.INSERT, Operation.DELETE]
    assert ["".join(state) for state in applied("aby", edits)] == ["bay", "bxay", "bxa"]


def test_no_list_holds_an_entry_twice_where_that_is_refused() -> None:
    chance = random.Random(22)  # noqa: S311 - the same lists each time
    for _ in range(300):
        golden, live = (chance.sample("abcdef", chance.randint(0, 6)) for _ in range(2))
        runs = (Run(golden, live, is_paired=False),)
        passed = list(applied(live, ordered_edits(runs, may_repeat=False)))
        assert all(len(set(state)) == len(state) for state in passed)
        assert list(passed[-1] if passed else live) == golden


def test_an_edit_that_does_not_fit_is_refused() -> None:
    gone: Edit[str] = Edit(operation=Operation.DELETE, entry="b", position=0)
    with pytest.raises(ValueError, match="no such entry at place 0"):
        list(applied("a", [gone]))
    far: Edit[str] = Edit(operation=Operation.INSERT, entry="b", position=2)
    with pytest.raises(ValueError, match="no place 2"):
        list(applied("a", [far]))
