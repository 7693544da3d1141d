"""Where packets are aimed: half of them at the edges of rules, the others anywhere near.

Input: a ruleset's model and a random generator. Output: wishes for packets.
"""

import random

from murenger.semantics.intervals import IntervalSet
from murenger.semantics.ir import Match, Rule, Ruleset, State

from . import topology
from .probes import ICMP, ICMPV6, PROTOCOLS, TCP, UDP, Wish

_NAMED_PORTS = (0, 21, 22, 23, 52, 53, 54, 79, 80, 81, 443, 444, 1023, 1024, 1025, 5432, 5433, 40000, 65535)
_ICMP_TYPES = {
    4: (0, 3, 3, 3, 5, 8, 8, 8, 11, 11, 12, 13, 14, 17, 18, 19),
    6: (1, 1, 1, 2, 3, 4, 5, 128, 128, 128, 129, 131, 135, 136, 139),
}
_WEIGHTS = (9, 7, 4, 1, 1)


class Aim:
    """Draws wishes for one ruleset.

    Args:
        rng: where every choice comes from.
        ruleset: whose rules are aimed at.
        known: with this, only rules that it has not are aimed at, if there are any.
    """

    def __init__(self, rng: random.Random, ruleset: Ruleset, known: Ruleset | None = None) -> None:
        self._rng = rng
        old = {_meaning(rule) for one in known.lists for rule in one.rules} if known else set()
        lists = [[_boxes(rule) for rule in one.rules if rule.any_of] for one in ruleset.lists]
        new = [
            [_boxes(rule) for rule in one.rules if rule.any_of and _meaning(rule) not in old] for one in ruleset.lists
        ]
        self._lists = [rules for rules in (new if any(new) else lists) if rules]

    def wish(self) -> Wish:
        """Return a wish."""
        rng = self._rng
        if rng.random() < 0.25:
            return self._anywhere(rng.choice((4, 6)))
        return self._at_edge(rng.choice(rng.choice(rng.choice(self._lists))))

    def _anywhere(self, family: int) -> Wish:
        rng = self._rng
        proto = rng.choices(PROTOCOLS[family], _WEIGHTS)[0]
        sport, dport = self._ports(family, proto)
        return Wish(
            family=family,
            src=self._address(family),
            dst=self._address(family, is_destination=True),
            proto=proto,
            sport=sport,
            dport=dport,
            variant=rng.randrange(12),
            ingress=rng.choice(topology.INTERFACES),
            has_connection=rng.random() < 0.5,
        )

    def _at_edge(self, match: Match) -> Wish:
        rng = self._rng
        family = match.family
        near = self._anywhere(family)
        l4 = rng.choice(match.l4)
        protos = [proto for proto in PROTOCOLS[family] if proto in l4.proto]
        if protos and rng.random() < 0.95:
            proto = near.proto if near.proto in protos else rng.choice(protos)
        else:
            proto = near.proto
        sport, dport = self._ports(family, proto)
        is_icmp = proto in {ICMP, ICMPV6}
        if proto in {TCP, UDP} or is_icmp:
            top = 255 if is_icmp else 65535
            sport, dport = self._edge(l4.sport, sport, top), self._edge(l4.dport, dport, top)
        top = (1 << (32 if family == 4 else 128)) - 1
        return Wish(
            family=family,
            src=self._edge(match.src, near.src, top),
            dst=self._edge(match.dst, near.dst, top),
            proto=proto,
            sport=sport,
            dport=dport,
            variant=self._variant(match, near.variant),
            ingress=self._link(match, near.ingress),
            has_connection=self._has_connection(match),
        )

    def _edge(self, wanted: IntervalSet, otherwise: int, top: int) -> int:
        """Return a number at, or one off, an end of an interval; the other one where the set is all there is."""
        rng = self._rng
        if not wanted.spans or wanted.spans == ((0, top),):
            return otherwise
        low, high = rng.choice(wanted.spans)
        found = rng.choices((low, high, low - 1, high + 1, rng.randint(low, high)), (4, 4, 1, 1, 2))[0]
        return min(max(found, 0), top)

    def _variant(self, match: Match, otherwise: int) -> int:
        classes = [number for number, bit in enumerate((1, 2, 4)) if match.flags & bit]
        if not classes or self._rng.random() < 0.1:
            return otherwise
        return self._rng.choice(classes) + 3 * self._rng.randrange(4)

    def _link(self, match: Match, otherwise: str) -> str:
        names = [name for name in topology.INTERFACES if name in match.ingress]
        return self._rng.choice(names) if names and self._rng.random() < 0.85 else otherwise

    def _has_connection(self, match: Match) -> bool:
        wants = match.state & (State.ESTABLISHED | State.RELATED)
        refuses = match.state & (State.NEW | State.INVALID)
        return self._rng.random() < (0.5 if bool(wants) == bool(refuses) else 0.85 if wants else 0.15)

    def _ports(self, family: int, proto: int) -> tuple[int, int]:
        rng = self._rng
        if proto in {ICMP, ICMPV6}:
            return rng.choice(_ICMP_TYPES[family]), rng.choice((0, 0, 1, 2, 3, 4))
        both = [
            rng.choice(_NAMED_PORTS) if rng.random() < 0.3 else rng.randrange(rng.choice((500, 65536))) for _ in "sd"
        ]
        return both[0], both[1]

    def _address(self, family: int, *, is_destination: bool = False) -> int:
        rng = self._rng
        third, kind = rng.randrange(5), rng.random()
        if is_destination and kind < 0.2:
            return rng.choice(sorted(topology.OWN[family]))
        if kind > 0.95:
            return rng.randrange(1 << 24, 224 << 24) if family == 4 else (1 << 125) + rng.getrandbits(124)
        if family == 4:
            return (10 << 24) | (third << 16) | (rng.randrange(4) << 8) | rng.randrange(2, 256)
        return (0x2001_0DB8 << 96) | (third << 80) | (rng.randrange(3) << 64) | rng.randrange(2, 160)


def _boxes(rule: Rule) -> tuple[Match, ...]:
    """Return where a rule matches, and where it would if it were not for its exceptions: those have edges too."""
    return (*rule.any_of, *rule.unless)


def _meaning(rule: Rule) -> object:
    return rule.action, rule.any_of, rule.unless
