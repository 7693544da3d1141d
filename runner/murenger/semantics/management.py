"""Management traffic: our own way to a device, and whether it stays open while the device is changed.

Input: where we come from and where we go, as the device sees it; the states that it passes through. Output: a
`ManagementProof`.

What live lets through of this traffic must pass in every state. What nobody told us - the interface that it comes in
by, the device's own address where something translates addresses on the way - may be anything, and where that matters
nothing is proven: what to tell is named.
"""

import dataclasses
import ipaddress
from collections.abc import Sequence

from oxidd.bcdd import BCDDFunction

from murenger.model.management import Management
from murenger.model.packet import PROTOCOLS, Packet
from murenger.model.packet import packet_to_json as said_of
from murenger.semantics.budget import Budget
from murenger.semantics.confirm import Interpreted
from murenger.semantics.interpreter import Answer
from murenger.semantics.intervals import IPV4, IPV6, MAX_PORT, IntervalSet, any_address
from murenger.semantics.ir import ANY_PLACE, L4, Hook, Match, Places, RuleList, Ruleset, State, TcpFlags
from murenger.semantics.proofs import ManagementProof, Proven, worst
from murenger.semantics.space import Space, within_space

_UNPRIVILEGED = 1024
_TRIES = 8
_LOOPBACK = "lo"


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """One direction of the traffic: to the device, or what it answers."""

    hook: Hook
    family: int
    opening: tuple[Match, ...]
    going_on: tuple[Match, ...]
    acl: str = ""


def parts(management: Management) -> tuple[Part, ...]:
    """Return the traffic as matches: what opens and carries a session to the device, and the device's answers.

    Raises:
        ValueError: a prefix or the address is none.
    """
    networks = [ipaddress.ip_network(one, strict=False) for one in management.sources]
    found: list[Part] = []
    for family in (IPV4, IPV6):
        own = [one for one in networks if one.version == family]
        device = any_address(family)
        if management.address:
            address = ipaddress.ip_address(management.address)
            if address.version != family:
                continue
            device = IntervalSet.single(int(address))
        if own:
            peer = IntervalSet.of(*((int(one.network_address), int(one.broadcast_address)) for one in own))
            found += _parts(management, family, peer, device)
    return tuple(found)


def _parts(management: Management, family: int, peer: IntervalSet, device: IntervalSet) -> list[Part]:
    number = PROTOCOLS.get(management.protocol)
    proto = IntervalSet.single(int(management.protocol) if number is None else number)
    free, served = IntervalSet.of((_UNPRIVILEGED, MAX_PORT)), IntervalSet.single(management.port)
    # What comes in by the loopback interface is the device's own.
    by = Places.of(management.interface) if management.interface else Places.but(_LOOPBACK)
    by = ANY_PLACE if management.lists else by

    def match(state: State, flags: TcpFlags, *, answer: bool) -> Match:
        return Match(
            family=family,
            src=device if answer else peer,
            dst=peer if answer else device,
            l4=(L4(proto, served, free) if answer else L4(proto, free, served),),
            state=state,
            flags=flags if management.protocol == "tcp" else TcpFlags.OTHER,
            ingress=ANY_PLACE if answer else by,
            egress=by if answer else ANY_PLACE,
        )

    opening = match(State.NEW, TcpFlags.SYN, answer=False)
    session = match(State.ESTABLISHED, TcpFlags.ACK_OR_RST, answer=False)
    answers = match(State.ESTABLISHED, TcpFlags.ACK_OR_RST, answer=True)
    if management.lists:
        return [Part(Hook.ACL, family, (opening,), (session,), name) for name in management.lists]
    return [Part(Hook.INPUT, family, (opening,), (session,)), Part(Hook.OUTPUT, family, (answers,), ())]


def prove_management(states: Sequence[Ruleset], management: Management, budget: Budget) -> ManagementProof:
    """Return whether management traffic that live permits is permitted in every state after it.

    Args:
        states: live first; zones already spelt out as interfaces.
        management: the traffic.
        budget: what may be used.

    Raises:
        BudgetSpentError: CPU seconds ran out.
        MemoryError: nodes or memory ran out.
    """
    try:
        asked = parts(management)
    except ValueError as error:
        return ManagementProof(verdict=Proven.UNKNOWN, text=f"not an address: {error}")
    if not asked:
        return ManagementProof(verdict=Proven.UNKNOWN, text=f"no address of ours fits the device's: {management.text}")
    found: list[ManagementProof] = []
    for part in asked:
        if not all(_holds(one, part) for one in states):
            what = f"list {part.acl}" if part.acl else f"{part.hook.value} traffic of the device"
            text = f"the rule model holds no {what} in every state; {management.text}"
            found.append(ManagementProof(verdict=Proven.UNKNOWN, text=text))
        else:
            found.append(_Asking(states, management, part, budget).run())
    verdict = worst(*(one.verdict for one in found))
    chosen = next(one for one in found if one.verdict is verdict)
    if verdict is Proven.PROVED:
        told = "; ".join(dict.fromkeys(one.text for one in found if one.text))
        return ManagementProof(verdict=verdict, text=f"{management.text}; {told}" if told else management.text)
    return chosen


def _holds(state: Ruleset, part: Part) -> bool:
    return bool(_lists(state, part)) if part.acl else part.hook in state.covers


def _lists(state: Ruleset, part: Part) -> list[RuleList]:
    return [one for one in state.lists if part.hook in one.hooks and (not part.acl or one.acl == part.acl)]


class _Asking:
    """One direction of the traffic through all states."""

    def __init__(self, states: Sequence[Ruleset], management: Management, part: Part, budget: Budget) -> None:
        self._management, self._part, self._budget = management, part, budget
        self._states = states
        self._lists = [_lists(state, part) for state in states]
        self._traffic = (*part.opening, *part.going_on)

    def run(self) -> ManagementProof:
        """Return the proof for this direction."""
        return within_space(
            self._judge,
            self._lists,
            self._part.hook,
            self._part.family,
            self._traffic,
            reserved=(),
            budget=self._budget,
            acl=self._part.acl,
        )

    def _judge(self, space: Space) -> ManagementProof:
        engine, false = space.engine, space.engine.false
        live = space.permits(0)
        unsaid = self._unsaid(space)
        open_for = engine.exists(live & space.union(self._part.opening), unsaid)
        if open_for == false and self._part.acl and not self._management.interface:
            return ManagementProof(verdict=Proven.PROVED, text=f"list {self._part.acl} lets none of it pass in live")
        if open_for == false:
            text = f"live itself refuses {self._management.text}, which reads it: set murenger_management_source"
            return ManagementProof(verdict=Proven.UNKNOWN, text=text)
        for number in range(1, len(self._states)):
            lost = live & ~space.permits(number)
            if lost == false:
                continue
            certain = space.certain(lost)
            if open_for & ~engine.exists(certain, unsaid) == false:
                return self._refuted(space, number, certain)
            return self._undecided(space, number, lost, certain)
        return ManagementProof(verdict=Proven.PROVED, text="")

    def _unsaid(self, space: Space) -> BCDDFunction:
        """Return every variable but those of what nobody told us."""
        fields = space.encoder.universe.fields
        free = [] if self._part.acl or self._management.interface else ["ingress", "egress"]
        if not self._management.address:
            free.append("src" if self._part.hook is Hook.OUTPUT else "dst")
        kept = {
            variable for name in free for variable in range(fields[name].first, fields[name].first + fields[name].width)
        }
        return space.encoder.cube(set(range(space.encoder.universe.variables)) - kept)

    def _undecided(self, space: Space, number: int, lost: BCDDFunction, certain: BCDDFunction) -> ManagementProof:
        if certain == space.engine.false:
            text = f"after step {number} it depends on {', '.join(space.labels(lost)) or 'conditions'} whether"
            return ManagementProof(verdict=Proven.UNKNOWN, text=f"{text} {self._management.text} still passes")
        values, _ = next(space.examples(certain, 1))
        packet = space.encoder.universe.packet(values, space.acl)
        names = [] if self._management.interface or self._part.acl else ["murenger_management_interface"]
        names += [] if self._management.address else ["murenger_management_address"]
        text = f"step {number} cuts {shown(packet)}, and nobody told us whether that is our own way to the device"
        return ManagementProof(verdict=Proven.UNKNOWN, text=f"{text}: set {' and '.join(names)}", witness=packet)

    def _refuted(self, space: Space, number: int, lost: BCDDFunction) -> ManagementProof:
        before, after = Interpreted(self._states[0]), Interpreted(self._states[number])
        for values, _ in space.examples(lost, _TRIES):
            packet = space.encoder.universe.packet(values, space.acl)
            if before.trace(packet).answer is Answer.ALLOW and after.trace(packet).answer is Answer.DENY:
                text = f"step {number} cuts our own way to the device: {shown(packet)}; {self._management.text}"
                return ManagementProof(verdict=Proven.REFUTED, text=text, witness=packet)
        text = f"step {number} may cut our own way to the device; {self._management.text}"
        return ManagementProof(verdict=Proven.UNKNOWN, text=text)


def shown(packet: Packet) -> str:
    """Return a packet as one line for people."""
    return " ".join(f"{name}={value}" for name, value in said_of(packet).items())
