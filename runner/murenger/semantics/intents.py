"""Intents as packets: what each intent speaks about, whether a ruleset keeps it, and which contradict each other.

Input: intents and rulesets. Output: questions for the engine, and results with a counterexample for each failure.

An intent speaks about opening connections: state new, and of TCP the SYN. Replies are not asked about.
"""

import dataclasses
import enum
import itertools
from collections.abc import Iterator, Mapping, Sequence

from murenger.errors import ConfigError
from murenger.model.intent import DEVICE, Expect, Intent, Intents, Segment, Service, Traffic
from murenger.model.packet import Packet
from murenger.semantics.interpreter import Answer, trace
from murenger.semantics.intervals import ANY_PROTOCOL, IntervalSet
from murenger.semantics.ir import ANY_PLACE, L4, Hook, Match, Places, Ruleset, State, TcpFlags
from murenger.semantics.names import unknown_text
from murenger.semantics.reach import reach
from murenger.semantics.traffic import TooManyPiecesError, addresses_of, difference, l4_of, meets, sample
from murenger.semantics.verdict import Decider, Limits

__all__ = [
    "Contradiction",
    "Expect",
    "Holding",
    "Intent",
    "IntentResult",
    "Intents",
    "Question",
    "Segment",
    "Service",
    "Traffic",
    "check",
    "contradictions",
    "questions",
    "watched",
]

MAX_PIECES = 10_000
"""Boxes of one intent, its exceptions taken away."""

_TCP = IntervalSet.single(6)
_NOT_TCP = ANY_PROTOCOL - _TCP


class Holding(enum.Enum):
    """Whether a ruleset keeps an intent."""

    HOLDS = "holds"
    """Proven: every packet that it speaks about is treated as it asks."""
    FAILS = "fails"
    """Proven: some packet is not."""
    UNKNOWN = "unknown"
    """Not decided; counts as not kept."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class IntentResult:
    """What became of one intent.

    Attributes:
        intent: which.
        holding: whether it holds.
        counterexample: for FAILS, a packet that is treated otherwise than the intent asks; else None.
        decider: for FAILS, the rule that decides that packet.
        unknowns: for UNKNOWN, why, each one line that begins with a reason.
    """

    intent: Intent
    holding: Holding
    counterexample: Packet | None = None
    decider: Decider | None = None
    unknowns: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """Two intents that no ruleset can keep both.

    Attributes:
        permit: the intent that asks for a packet to pass.
        deny: the intent that forbids it.
        witness: that packet.
    """

    permit: Intent
    deny: Intent
    witness: Packet


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Traffic about which the engine is asked.

    Attributes:
        key: names the question; unique.
        hook: the way that the traffic takes.
        traffic: the traffic, not empty.
        intent: the intent that it is of, or None.
        segment: the crown jewel whose traffic it is, or None.
    """

    key: str
    hook: Hook
    traffic: tuple[Match, ...]
    intent: Intent | None = None
    segment: Segment | None = None


def watched(intents: Intents) -> Mapping[str, tuple[Hook, tuple[Match, ...]]]:
    """Return what a comparison should be asked about: each intent, and what reaches each crown jewel.

    Args:
        intents: those of the device.

    Raises:
        ConfigError: an intent is in too many pieces.
    """
    return {question.key: (question.hook, question.traffic) for question in questions(intents)}


def questions(intents: Intents, *rulesets: Ruleset) -> tuple[Question, ...]:
    """Return the same with what each question is about; an intent may be two questions, or none.

    Args:
        intents: those of the device.
        rulesets: where a zone of these holds an interface that a segment names, or the reverse, both names are given,
            so that boxes meet whichever of the two they name.

    Raises:
        ConfigError: an intent is in too many pieces.
    """
    found: list[Question] = []
    for intent in intents.intents:
        for hook, traffic in traffic_of(intent, *rulesets).items():
            found.append(Question(key=f"intent:{intent.name}:{hook.value}", hook=hook, traffic=traffic, intent=intent))
    for segment in intents.segments:
        if segment.crown_jewel:
            boxes = tuple(_boxes(Traffic(destinations=(segment,)), Hook.FORWARD, rulesets))
            found.append(Question(key=f"jewel:{segment.name}", hook=Hook.FORWARD, traffic=boxes, segment=segment))
    return tuple(found)


def traffic_of(intent: Intent, *rulesets: Ruleset) -> dict[Hook, tuple[Match, ...]]:
    """Return the traffic that an intent speaks about, by the way that it takes; a way without any is left out.

    Args:
        intent: the intent.
        rulesets: as for `questions`.

    Raises:
        ConfigError: it is in too many pieces.
    """
    said = Traffic(sources=intent.sources, destinations=intent.destinations, services=intent.services)
    found: dict[Hook, tuple[Match, ...]] = {}
    for hook in (Hook.FORWARD, Hook.INPUT, Hook.OUTPUT):
        taken = (box for exception in intent.exceptions for box in _boxes(exception, hook, rulesets))
        try:
            boxes = difference(_boxes(said, hook, rulesets), taken, most=MAX_PIECES)
        except TooManyPiecesError as exc:
            raise ConfigError(
                f"intent {intent.name} is in more than {MAX_PIECES} pieces", hint="write fewer exceptions"
            ) from exc
        if boxes:
            found[hook] = boxes
    return found


def check(ruleset: Ruleset, intents: Intents, limits: Limits | None = None) -> tuple[IntentResult, ...]:
    """Return for each intent whether a ruleset keeps it, in the file's order.

    Args:
        ruleset: the rules of one device.
        intents: those of the device.
        limits: what each question may use.

    Raises:
        ConfigError: an intent is in too many pieces.
    """
    return tuple(_checked(ruleset, intent, limits or Limits()) for intent in intents.intents)


def _checked(ruleset: Ruleset, intent: Intent, limits: Limits) -> IntentResult:
    unknowns: list[str] = []
    asked = traffic_of(intent)
    if not asked:
        unknowns.append("empty: no packet fits it; have 'from' and 'to' addresses of one family, exceptions aside?")
    for hook, traffic in asked.items():
        result = _asked(ruleset, intent, hook, traffic, limits)
        if result.holding is Holding.FAILS:
            return result
        unknowns += result.unknowns
    holding = Holding.UNKNOWN if unknowns else Holding.HOLDS
    return IntentResult(intent=intent, holding=holding, unknowns=tuple(dict.fromkeys(unknowns)))


def _asked(ruleset: Ruleset, intent: Intent, hook: Hook, traffic: tuple[Match, ...], limits: Limits) -> IntentResult:
    if hook not in ruleset.covers:
        text = f"residue: the model holds no {hook.value} traffic of this configuration"
        return IntentResult(intent=intent, holding=Holding.UNKNOWN, unknowns=(text,))
    answer = reach(ruleset, traffic, hook=hook, limits=limits)
    forbids = intent.expect is Expect.DENY
    packet, decider = (answer.permitted, answer.permitting) if forbids else (answer.denied, answer.denying)
    if packet is not None:
        wrong = Answer.ALLOW if forbids else Answer.DENY
        if trace(ruleset, packet).answer is wrong:
            return IntentResult(intent=intent, holding=Holding.FAILS, counterexample=packet, decider=decider)
        text = "engine-disagreement: the counterexample does not stand; please report this as a defect"
        return IntentResult(intent=intent, holding=Holding.UNKNOWN, unknowns=(text,))
    if not (answer.may_permit if forbids else answer.may_deny):
        return IntentResult(intent=intent, holding=Holding.HOLDS)
    texts = tuple(map(unknown_text, answer.unknowns)) or ("opaque: it depends on a condition that nobody can tell",)
    return IntentResult(intent=intent, holding=Holding.UNKNOWN, unknowns=texts)


def contradictions(intents: Intents) -> tuple[Contradiction, ...]:
    """Return each pair of intents of which one asks for a packet to pass that the other forbids.

    Raises:
        ConfigError: an intent is in too many pieces.
    """
    known = [(intent, traffic_of(intent)) for intent in intents.intents]
    permits = [one for one in known if one[0].expect is Expect.PERMIT]
    denies = [one for one in known if one[0].expect is Expect.DENY]
    found: list[Contradiction] = []
    for (permit, wanted), (deny, forbidden) in itertools.product(permits, denies):
        if permit.devices and deny.devices and not set(permit.devices) & set(deny.devices):
            continue
        for hook, boxes in wanted.items():
            shared = meets(boxes, forbidden.get(hook, ()))
            witness = sample(shared, hook) if shared is not None else None
            if witness is not None:
                found.append(Contradiction(permit=permit, deny=deny, witness=witness))
                break
    return tuple(found)


def _boxes(said: Traffic, hook: Hook, rulesets: Sequence[Ruleset]) -> Iterator[Match]:
    """Yield the boxes of traffic on one way: for each family, pair of segments and kind of protocol."""
    sources = [DEVICE] if hook is Hook.OUTPUT else [one for one in said.sources if not one.is_device]
    destinations = [DEVICE] if hook is Hook.INPUT else [one for one in said.destinations if not one.is_device]
    if (hook is Hook.INPUT and DEVICE not in said.destinations) or (hook is Hook.OUTPUT and DEVICE not in said.sources):
        return
    services = tuple(_l4(said.services))
    for family, source, destination in itertools.product((4, 6), sources, destinations):
        src, dst = addresses_of(source, family), addresses_of(destination, family)
        if src and dst:
            ingress, egress = places_of(source, rulesets), places_of(destination, rulesets)
            for protocols, flags in ((_TCP, TcpFlags.SYN), (_NOT_TCP, TcpFlags.OTHER)):
                l4 = tuple(dataclasses.replace(one, proto=one.proto & protocols) for one in services)
                l4 = tuple(one for one in l4 if one.proto)
                if l4:
                    yield Match(
                        family=family,
                        src=src,
                        dst=dst,
                        l4=l4,
                        state=State.NEW,
                        flags=flags,
                        ingress=ingress,
                        egress=egress,
                    )


def _l4(services: Sequence[Service]) -> Iterator[L4]:
    for service in services:
        yield from l4_of(service)


def places_of(segment: Segment, rulesets: Sequence[Ruleset] = ()) -> Places:
    """Return the interfaces and zones of a segment, with the interfaces and zones of those in the rulesets."""
    if not segment.places:
        return ANY_PLACE
    names = set(segment.places)
    for zone, interfaces in (entry for ruleset in rulesets for entry in ruleset.zones):
        if zone in segment.places:
            names |= interfaces
        elif interfaces & set(segment.places):
            names.add(zone)
    return Places.of(*names)
