"""The engine against those that others wrote: z3 on small pairs, CUDD on larger ones."""

import dataclasses
import importlib.util
import pathlib
import random
import sys
import types

import pytest
import z3
from tests.runner.semantics import cells as space
from tests.runner.semantics.cudd import CuddEngine

from murenger.model.impact import Verdict
from murenger.semantics.align import align
from murenger.semantics.budget import Budget
from murenger.semantics.compare import compare
from murenger.semantics.confirm import Interpreted
from murenger.semantics.duel import Duel, Seen, Sides
from murenger.semantics.ir import Action, Hook, Match, Places, Rule
from murenger.semantics.questions import questions
from murenger.semantics.tables import tables_of
from murenger.semantics.verdict import Limits, Region

BENCHMARKS = pathlib.Path(__file__).resolve().parents[3] / "benchmarks"


def _benchmark(name: str) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


rulesets = _benchmark("rulesets")
peer = _benchmark("z3_peer")


class Packet(peer.Packet):  # type: ignore[name-defined, misc] - a module loaded by path
    """A packet with flags, state, places and conditions as well."""

    def __init__(self, family: int, hook: Hook) -> None:
        super().__init__(family)
        self.hook = hook
        self.flags, self.state = z3.Int("flags"), z3.Int("state")
        self.places = {name: z3.Int(name) for name in ("ingress", "egress")}
        self.keys = {key: z3.Bool(key.digest) for key in space.KEYS}

    def well_formed(self) -> z3.BoolRef:
        flags = z3.And(self.flags >= 0, self.flags <= 2, z3.Or(self.proto == 6, self.flags == 2))
        names = [z3.And(one >= 0, one < len(space.MEMBERS)) for one in self.places.values()]
        return z3.And(super().well_formed(), flags, self.state >= 0, self.state < 5, *names)

    def permits(self, rules: list[Rule]) -> z3.BoolRef:
        found = z3.BoolVal(val=False)
        for rule in reversed(rules):
            hit = [self.inside(match) for match in rule.any_of if match.family == self.family]
            spared = [self.inside(match) for match in rule.unless if match.family == self.family]
            found = z3.If(z3.And(z3.Or(*hit), z3.Not(z3.Or(*spared))), z3.BoolVal(rule.action is Action.PERMIT), found)
        return found

    def inside(self, match: Match) -> z3.BoolRef:
        parts = [super().inside(match)]
        parts.append(z3.Or(*(self.flags == bit for bit in range(3) if int(match.flags) >> bit & 1)))
        parts.append(z3.Or(*(self.state == bit for bit in range(5) if int(match.state) >> bit & 1)))
        for name, places, is_real in (
            ("ingress", match.ingress, self.hook in {Hook.FORWARD, Hook.INPUT}),
            ("egress", match.egress, self.hook in {Hook.FORWARD, Hook.OUTPUT}),
        ):
            parts.append(self._place(name, places) if is_real else z3.BoolVal("" in places))
        parts += [self.keys[key] == wanted for key, wanted in match.opaque]
        return z3.And(*parts)

    def _place(self, name: str, places: Places) -> z3.BoolRef:
        return z3.Or(*(self.places[name] == number for number, one in enumerate(space.MEMBERS) if one in places))


def _by_z3(golden: list[list[Rule]], live: list[list[Rule]], where: space.Grid, family: int) -> tuple[bool, bool]:
    """Return whether both are equal, and whether some packet is treated differently whatever the conditions mean."""
    packet = Packet(family, where.hook)
    sides = [z3.And(*(packet.permits(rules) for rules in side)) for side in (golden, live)]
    differs = z3.Xor(*sides)
    solver = z3.Solver()
    solver.add(packet.well_formed(), differs)
    if solver.check() == z3.unsat:
        return True, False
    always = z3.Solver()
    always.add(packet.well_formed(), z3.ForAll(list(packet.keys.values()), differs))
    return False, always.check() == z3.sat


@pytest.mark.parametrize("seed", range(12))
def test_z3_proves_or_refutes_the_verdict(seed: int) -> None:
    chance = random.Random(1_000 + seed)  # noqa: S311 - repeatable, no secret
    for _ in range(4):
        where = space.grid(chance)
        used = tuple(sorted(chance.sample(space.DIMENSIONS, 6)))
        where = dataclasses.replace(where, dimensions=used, hook=chance.choice((Hook.FORWARD, Hook.INPUT, Hook.OUTPUT)))
        golden, live = space.random_pair(where, chance)
        found = compare(space.ruleset(golden, where.hook), space.ruleset(live, where.hook))
        said = [_by_z3(golden, live, where, family) for family in (4, 6)]
        if all(equal for equal, _ in said):
            assert found.verdict is Verdict.EQUAL
        else:
            assert found.verdict is (Verdict.DIFFERENT if any(differs for _, differs in said) else Verdict.UNKNOWN)


def _regions(golden: tuple[Rule, ...], live: tuple[Rule, ...], family: int, engine: type | None) -> list[Region]:
    ours, theirs = rulesets.ruleset(golden), rulesets.ruleset(live)
    (question,), _ = questions(ours, theirs)
    seen = Seen()
    duel = Duel(
        question,
        [align(golden, live)],
        family,
        tables=tables_of((*question.golden, *question.live), Hook.FORWARD, (), ()),
        watched={},
        sides=Sides(Interpreted(ours), Interpreted(theirs)),
        budget=Budget(Limits()),
        **({} if engine is None else {"make_engine": engine}),
    )
    duel.fight(seen)
    assert not seen.judged.unknowns
    return seen.judged.regions


@pytest.mark.parametrize("name", [setting.name for setting in rulesets.SETTINGS])
@pytest.mark.parametrize("family", [4, 6])
def test_two_engines_find_the_same_regions_and_counts(name: str, family: int) -> None:
    setting = next(one for one in rulesets.SETTINGS if one.name == name)
    golden = rulesets.generate(setting, 300, 1, family)
    live = rulesets.edited(golden, 5, 2)
    ours, theirs = (_regions(golden, live, family, engine) for engine in (None, CuddEngine))
    assert ours == theirs


@pytest.mark.parametrize("name", [setting.name for setting in rulesets.SETTINGS])
def test_rewrites_that_change_nothing_are_proven_equal(name: str) -> None:
    setting = next(one for one in rulesets.SETTINGS if one.name == name)
    golden = rulesets.generate(setting, 500, 3)
    found = compare(rulesets.ruleset(golden), rulesets.ruleset(rulesets.rewritten(golden, 1)))
    assert found.verdict is Verdict.EQUAL
