"""One run of the oracle: seed after seed, until enough packets have been compared.

Input: a parser, how many packets, whether to print. Output: a `Report`.
"""

import collections
import contextlib
import dataclasses
import json
import pathlib
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence

from murenger.adapters.parsers.nftables.text import read_json, read_text
from murenger.errors import ParseError
from murenger.semantics.interpreter import Answer, Trace, trace
from murenger.semantics.ir import Ruleset
from murenger.semantics.parser import RuleParser

from . import topology
from .aim import Aim
from .listings import differing_objects
from .mutants import NAMES, broken_models
from .probes import Probe, Wish, probe
from .rulesets import Author

KILLS = 3
"""So many packets of a seed must tell a broken model from the kernel, or the seed is too weak to count."""

PACKETS = 1_250
_TRIES = 6
_AIMED = 400
SHARE = 0.2
_OPEN = """table inet opening {
chain forward {
type filter hook forward priority 0; policy accept;
ct state new,established,related accept
}
}
"""
_INJECTOR = pathlib.Path(__file__).with_name("injector.py")
COMMAND = ("unshare", "--user", "--map-root-user", "--net", sys.executable, str(_INJECTOR))


class Kernel:
    """The injector in its namespaces."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, order: Mapping[str, object]) -> dict:
        """Return the answer to one order."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the injector has ended"
        return json.loads(answer)


@contextlib.contextmanager
def kernel(command: tuple[str, ...] = COMMAND) -> Iterator[Kernel]:
    """Start the injector in namespaces of its own; it ends with the block."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        running = Kernel(process)
        running.ask(topology.setup())
        yield running


@dataclasses.dataclass(slots=True)
class Report:
    """What a run found.

    Attributes:
        packets: compared with the kernel, those of weak seeds left out.
        mismatches: one line each.
        unknown: one line for each packet to which the model had no answer.
        refused: rulesets that nft did not take.
        too_large: rulesets that the parser refused as too large to flatten.
        seeds: of the packets.
        weak: seeds that were discarded.
        kills: broken model -> packets that told it from the kernel, counted up to `KILLS` a seed.
        share: the largest part of a seed's packets that one rule decided.
        covered: what the packets were: family, state, protocol, way and verdict -> how many.
    """

    packets: int = 0
    mismatches: list[str] = dataclasses.field(default_factory=list)
    unknown: list[str] = dataclasses.field(default_factory=list)
    refused: list[str] = dataclasses.field(default_factory=list)
    too_large: list[str] = dataclasses.field(default_factory=list)
    seeds: int = 0
    weak: dict[int, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    kills: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    share: float = 0.0
    covered: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)

    def count(self, chosen: Sequence[tuple[Probe, Trace]], verdicts: Sequence[bool]) -> None:
        """Count the packets of a seed that is strong enough."""
        self.packets += len(chosen)
        self.seeds += 1
        for (one, _), is_allowed in zip(chosen, verdicts, strict=True):
            self.covered.update(_kinds(one, is_allowed=is_allowed))
        deciders = collections.Counter((found.rule_list, found.rule) for _, found in chosen)
        self.share = max(self.share, max(deciders.values()) / len(chosen))

    def __str__(self) -> str:
        """Return the table of kills and everything else that says how much the run is worth."""
        lines = [f"{name:28} {self.kills[name]:5}" for name in NAMES]
        weakest = collections.Counter(name for names in self.weak.values() for name in names)
        return "\n".join(
            (
                f"{self.packets} packets of {self.seeds} seeds",
                f"{len(self.weak)} weak, {len(self.refused)} refused, {len(self.too_large)} too large to flatten",
                f"{len(self.mismatches)} mismatches, {len(self.unknown)} unknown, largest share {self.share:.2f}",
                f"weak for want of: {dict(weakest)}",
                f"packets by kind: {dict(sorted(self.covered.items()))}",
                "packets that tell a broken model from the kernel (no more than 3 a seed are counted):",
                *lines,
            )
        )


def run(parser: RuleParser, packets: int, first_seed: int, into: Kernel) -> Report:
    """Compare the model with the kernel on so many packets."""
    report = Report()
    seed = first_seed
    while report.packets < packets:
        try_seed(parser, seed, into, report)
        seed += 1
    return report


def try_seed(parser: RuleParser, seed: int, into: Kernel, report: Report) -> None:
    """Compare on the packets of one seed."""
    rng = random.Random(seed)  # noqa: S311 - a repeatable test, not a secret
    written = Author(rng, seed).write()
    listed = into.ask({"ruleset": written, "listed": True})
    if "error" in listed:
        report.refused.append(f"seed {seed}: {listed['error']}")
        return
    try:
        ruleset = parser.parse(listed["text"])
    except ParseError as exc:
        report.too_large.append(f"seed {seed}: {exc}")
        return
    broken = dict(broken_models(parser, listed["text"], ruleset))
    report.mismatches += _listing_mismatches(parser, seed, listed, ruleset)
    choice = Choice(rng, ruleset)
    for one in broken.values():
        choice.against(one)
    choice.fill(PACKETS)
    chosen = choice.packets
    seen = _send(into, written, [one for one, _ in chosen])
    verdicts = [str(index) in seen for index in range(len(chosen))]
    kills = {name: _kills(model, chosen, verdicts) for name, model in broken.items()}
    wrong = list(_mismatches(seed, chosen, seen))
    report.mismatches += wrong
    report.unknown += [f"seed {seed}: {found}" for _, found in chosen if found.answer is Answer.UNKNOWN]
    too_few = tuple(name for name, count in kills.items() if count < KILLS)
    if too_few and not wrong:
        report.weak[seed] = too_few
        return
    report.kills.update(kills)
    report.count(chosen, verdicts)


def _listing_mismatches(parser: RuleParser, seed: int, listed: Mapping[str, str], ruleset: Ruleset) -> Iterator[str]:
    """Compare what is read from the text with what is read from the JSON of the same ruleset."""
    for one in differing_objects(read_text(listed["text"]), read_json(listed["json"])):
        yield f"seed {seed}: text and JSON differ: {one}"
    # nft 1.0.6 writes the flags of a dormant table wrongly, so its JSON cannot be trusted.
    if "flags dormant" not in listed["text"] and _rules(parser.parse(listed["json"])) != _rules(ruleset):
        yield f"seed {seed}: the rules of text and JSON differ"


def _rules(ruleset: Ruleset) -> list[object]:
    """Return what a ruleset means, without where it stands."""
    return [(one.name, one.hooks, [(r.action, r.any_of, r.unless) for r in one.rules]) for one in ruleset.lists]


class Choice:
    """Packets with the model's answers; no rule decides more than its share as long as others can be found."""

    def __init__(self, rng: random.Random, ruleset: Ruleset) -> None:
        self._rng = rng
        self._ruleset = ruleset
        self._used: set[object] = set()
        self._deciders: collections.Counter[object] = collections.Counter()
        self.packets: list[tuple[Probe, Trace]] = []

    def fill(self, count: int) -> None:
        """Choose packets at the edges of the model's rules, and some anywhere near."""
        aim = Aim(self._rng, self._ruleset)
        for _ in range(count * _TRIES):
            if len(self.packets) == count:
                break
            self._take(aim.wish())

    def against(self, broken: Ruleset) -> None:
        """Choose packets that a broken model judges otherwise than the model does, if any can be found."""
        aims = [Aim(self._rng, broken, self._ruleset), Aim(self._rng, self._ruleset, broken)]
        missing = 2 * KILLS
        for one, found in self.packets:
            missing -= trace(broken, one.packet).answer is not found.answer
            if missing <= KILLS:
                return
        for number in range(_AIMED):
            missing -= self._take(aims[number % 2].wish(), broken)
            if not missing:
                return

    def _take(self, wish: Wish, broken: Ruleset | None = None) -> bool:
        made = probe(wish, len(self.packets))
        if made is None or not self._used.isdisjoint(made.tuples):
            return False
        found = trace(self._ruleset, made.packet)
        decider = found.rule_list, found.rule
        if self._deciders[decider] >= PACKETS * SHARE:
            return False
        if broken is not None and trace(broken, made.packet).answer is found.answer:
            return False
        self._deciders[decider] += 1
        self._used.update(made.tuples)
        self.packets.append((made, found))
        return True


def _send(into: Kernel, ruleset: str, probes: list[Probe]) -> dict[str, str]:
    """Open the connections, load the ruleset, send the packets; return where each one that passed came out."""
    into.ask({"ruleset": _OPEN})
    into.ask({})
    into.ask({"frames": [frame for one in probes for frame in one.before]})
    into.ask({"ruleset": ruleset})
    seen: dict[str, str] = into.ask({"frames": [one.frame for one in probes]})["seen"]
    for number, one in enumerate(probes):
        assert seen.get(str(number), one.packet.egress) == one.packet.egress, f"{one.packet} left elsewhere"
    return seen


def _mismatches(seed: int, chosen: list[tuple[Probe, Trace]], seen: Mapping[str, str]) -> Iterator[str]:
    for number, (one, found) in enumerate(chosen):
        kernel_allows = str(number) in seen
        if found.answer is not Answer.UNKNOWN and (found.answer is Answer.ALLOW) is not kernel_allows:
            said = "accepts" if kernel_allows else "drops"
            yield f"seed {seed}: the kernel {said} {one.packet}, the model says {found}"


def _kinds(one: Probe, *, is_allowed: bool) -> tuple[str, ...]:
    packet = one.packet
    way = "forward" if packet.egress else "input"
    verdict = "accepted" if is_allowed else "dropped"
    return f"IPv{packet.family}", packet.state, f"protocol {packet.proto}", f"{way} {verdict}"


def _kills(broken: Ruleset, chosen: list[tuple[Probe, Trace]], verdicts: list[bool]) -> int:
    kills = 0
    for (one, _), kernel_allows in zip(chosen, verdicts, strict=True):
        answer = trace(broken, one.packet).answer
        kills += answer is not Answer.UNKNOWN and (answer is Answer.ALLOW) is not kernel_allows
        if kills == KILLS:
            break
    return kills


def forget_a_rule(ruleset: Ruleset) -> Ruleset:
    """Return a ruleset without the first rule of each list: a mistake to test the oracle itself with."""
    lists = (dataclasses.replace(one, rules=one.rules[1:] or one.rules) for one in ruleset.lists)
    return dataclasses.replace(ruleset, lists=tuple(lists))
