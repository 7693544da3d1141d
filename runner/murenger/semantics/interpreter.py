"""The interpreter: which rule decides one packet. It shares nothing with the engine but the rule model, and checks it.

Input: a ruleset and a packet. Output: allow, deny, or unknown where a condition that nobody can tell decides.
"""

import dataclasses
import enum
import itertools
from collections.abc import Iterable, Mapping, Sequence

from murenger.model.packet import ICMP, ICMPV6, PORT_PROTOCOLS, Packet
from murenger.semantics.intervals import IPV4
from murenger.semantics.ir import Action, Hook, Match, OpaqueKey, Provenance, Rule, RuleList, Ruleset, State, TcpFlags

MAX_KEYS = 10
"""More undecidable conditions than this for one packet are not tried out: the answer is unknown."""

_FLAGS = {"syn": TcpFlags.SYN, "ack": TcpFlags.ACK_OR_RST, "none": TcpFlags.OTHER}


class Answer(enum.Enum):
    """What becomes of a packet."""

    ALLOW = "allow"
    DENY = "deny"
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What becomes of one packet, and why.

    Attributes:
        answer: allow, deny or unknown.
        rule_list: name of the list that decided, "" where none did.
        rule: the rule that decided; of an allowed packet that passed several lists, the last that some line says; None
            if none did.
        why: for unknown, one clause that says what would have to be known.
    """

    answer: Answer
    rule_list: str = ""
    rule: Provenance | None = None
    why: str = ""


def trace(ruleset: Ruleset, packet: Packet) -> Trace:
    """Return what becomes of a packet."""
    found = [_trace(ruleset, one) for one in spread(ruleset, packet)]
    if len({one.answer for one in found}) > 1:
        return Trace(answer=Answer.UNKNOWN, why="it depends on the interface of the zone: name the interface")
    return found[0]


def spread(ruleset: Ruleset, packet: Packet) -> list[Packet]:
    """Return the packet once for each interface of a zone whose interfaces are filtered each in its own way."""
    members = dict(ruleset.spelt_zones)
    return [
        dataclasses.replace(packet, ingress=ingress, egress=egress)
        for ingress in sorted(members.get(packet.ingress, ())) or [packet.ingress]
        for egress in sorted(members.get(packet.egress, ())) or [packet.egress]
    ]


def _trace(ruleset: Ruleset, packet: Packet) -> Trace:
    packet = placed(ruleset, packet)
    lists = lists_for(ruleset, packet)
    if lists is None:
        where = f"list {packet.acl}" if packet.acl else f"{hook_of(packet).value} traffic"
        return Trace(answer=Answer.UNKNOWN, why=f"the model holds no {where}")
    return settle(lists, packet, [relevant(one.rules, packet) for one in lists])


def settle(lists: Sequence[RuleList], packet: Packet, candidates: Sequence[Sequence[Rule]]) -> Trace:
    """Return what becomes of a packet, trying out every truth of the conditions that nobody can tell.

    Args:
        lists: the lists on its way.
        packet: the packet, with zones for interfaces where the ruleset has zones.
        candidates: for each list its relevant rules.
    """
    # Behind a list that denies for certain nothing has a say.
    final = next((n for n, rules in enumerate(candidates) if _denies(rules[0], packet)), len(lists))
    lists, candidates = lists[: final + 1], candidates[: final + 1]
    keys = sorted({key for rules in candidates for rule in rules for key in keys_of(rule, packet)}, key=_key_order)
    if len(keys) > MAX_KEYS:
        return Trace(answer=Answer.UNKNOWN, why=f"{len(keys)} conditions cannot be told")
    found = [
        decide(lists, packet, dict(zip(keys, values, strict=True)), candidates)
        for values in itertools.product((False, True), repeat=len(keys))
    ]
    if len({one.answer for one in found}) == 1:
        return found[0]
    return Trace(
        answer=Answer.UNKNOWN,
        rule_list=next(one.rule_list for one in found if one.answer is Answer.ALLOW),
        rule=next(one.rule for one in found if one.answer is Answer.ALLOW),
        why="it depends on " + ", ".join(key.label for key in keys),
    )


def decide(
    lists: Sequence[RuleList],
    packet: Packet,
    valuation: Mapping[OpaqueKey, bool],
    candidates: Sequence[Iterable[Rule]] | None = None,
) -> Trace:
    """Return what becomes of a packet where every condition is known: allow if each list permits it, else deny.

    Args:
        lists: the lists on its way.
        packet: the packet.
        valuation: the truth of every opaque condition that its rules name.
        candidates: for each list the rules, in order, that can match at all; all of them if None.
    """
    last = Trace(answer=Answer.ALLOW)
    for number, one in enumerate(lists):
        rules = one.rules if candidates is None else candidates[number]
        rule = next(rule for rule in rules if matches(rule, packet, valuation))
        answer = Answer.ALLOW if rule.action is Action.PERMIT else Answer.DENY
        here = Trace(answer=answer, rule_list=one.name, rule=rule.provenance)
        if answer is Answer.DENY:
            return here
        last = telling(last, here)
    return last


def telling(before: Trace, here: Trace) -> Trace:
    """Return which of two lists that let a packet pass says more: the later one, unless no line of it does."""
    says_nothing = here.rule is None or here.rule.synthetic
    return before if says_nothing and before.rule is not None and not before.rule.synthetic else here


def lists_for(ruleset: Ruleset, packet: Packet) -> tuple[RuleList, ...] | None:
    """Return the lists that a packet must pass, or None where the model does not hold its way."""
    hook = hook_of(packet)
    if hook is Hook.ACL:
        return tuple(one for one in ruleset.lists if Hook.ACL in one.hooks and one.acl == packet.acl) or None
    if hook not in ruleset.covers:
        return None
    return tuple(one for one in ruleset.lists if hook in one.hooks)


def hook_of(packet: Packet) -> Hook:
    """Return which way a packet takes."""
    if packet.acl:
        return Hook.ACL
    if packet.egress:
        return Hook.FORWARD if packet.ingress else Hook.OUTPUT
    return Hook.INPUT


def matches(rule: Rule, packet: Packet, valuation: Mapping[OpaqueKey, bool]) -> bool:
    """True if a rule matches a packet."""

    def inside(match: Match) -> bool:
        return in_box(match, packet) and all(valuation[key] is wanted for key, wanted in match.opaque)

    return any(inside(match) for match in rule.any_of) and not any(inside(match) for match in rule.unless)


def relevant(rules: Iterable[Rule], packet: Packet) -> list[Rule]:
    """Return the rules that can decide a packet, in order: none after the first that matches whatever holds."""
    found: list[Rule] = []
    for rule in rules:
        if touches(rule, packet):
            found.append(rule)
            if is_sure(rule, packet):
                break
    return found


def _denies(rule: Rule, packet: Packet) -> bool:
    return rule.action is Action.DENY and is_sure(rule, packet)


def is_sure(rule: Rule, packet: Packet) -> bool:
    """True if a rule matches a packet whatever its opaque conditions mean."""
    return any(not match.opaque and in_box(match, packet) for match in rule.any_of) and not any(
        in_box(match, packet) for match in rule.unless
    )


def touches(rule: Rule, packet: Packet) -> bool:
    """True if a rule matches a packet for some truth of its opaque conditions, exceptions aside."""
    return any(in_box(match, packet) for match in rule.any_of)


def keys_of(rule: Rule, packet: Packet) -> set[OpaqueKey]:
    """Return the opaque conditions on which it depends whether a rule matches a packet."""
    return {key for match in (*rule.any_of, *rule.unless) if in_box(match, packet) for key, _ in match.opaque}


def in_box(match: Match, packet: Packet) -> bool:
    """True if a packet meets every condition of a match, opaque ones aside."""
    return (
        match.family == packet.family
        and packet.src in match.src
        and packet.dst in match.dst
        and State[packet.state.upper()] in match.state
        and _FLAGS[packet.flags] in match.flags
        and packet.ingress in match.ingress
        and packet.egress in match.egress
        and _in_l4(match, packet)
    )


def _in_l4(match: Match, packet: Packet) -> bool:
    has_ports = packet.proto in PORT_PROTOCOLS or packet.proto == (ICMP if packet.family == IPV4 else ICMPV6)
    return any(
        packet.proto in l4.proto and (not has_ports or (packet.sport in l4.sport and packet.dport in l4.dport))
        for l4 in match.l4
    )


def placed(ruleset: Ruleset, packet: Packet) -> Packet:
    """Return the packet with each interface that belongs to a zone replaced by the zone."""
    zone_of = {interface: zone for zone, interfaces in ruleset.zones for interface in interfaces}
    if not zone_of:
        return packet
    return dataclasses.replace(
        packet,
        ingress=zone_of.get(packet.ingress, packet.ingress),
        egress=zone_of.get(packet.egress, packet.egress),
    )


def _key_order(key: OpaqueKey) -> tuple[str, str]:
    return key.kind, key.digest
