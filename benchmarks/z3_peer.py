"""z3 as a peer: whether two lists of rules let the same packets pass, asked of a solver that we did not write.

Input: rules of one family without places, states, flags and conditions. Output: True or False.
"""

import sys
from collections.abc import Sequence

import z3

from murenger.model.packet import ICMP, ICMPV6, IPV4, PORT_PROTOCOLS
from murenger.semantics.intervals import IntervalSet
from murenger.semantics.ir import L4, Action, Match, Rule

_DEPTH = 100_000
_BYTE = 255


def is_equal(golden: Sequence[Rule], live: Sequence[Rule]) -> bool:
    """Return whether no well-formed packet is treated differently.

    Raises:
        RuntimeError: z3 does not know.
    """
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _DEPTH))
    family = golden[0].any_of[0].family
    packet = Packet(family)
    solver = z3.Solver()
    solver.add(packet.well_formed(), z3.Xor(packet.permits(golden), packet.permits(live)))
    answer = solver.check()
    if answer == z3.unknown:
        raise RuntimeError("z3 does not know")
    return bool(answer == z3.unsat)


class Packet:
    """A packet of which z3 chooses the fields."""

    def __init__(self, family: int) -> None:
        bits = 32 if family == IPV4 else 128
        self.family = family
        self.src, self.dst = z3.BitVec("src", bits), z3.BitVec("dst", bits)
        self.proto = z3.BitVec("proto", 8)
        self.sport, self.dport = z3.BitVec("sport", 16), z3.BitVec("dport", 16)

    def well_formed(self) -> z3.BoolRef:
        """Return what makes it a packet."""
        icmp = ICMP if self.family == IPV4 else ICMPV6
        has_ports = z3.Or(*(self.proto == number for number in sorted(PORT_PROTOCOLS)))
        is_icmp = z3.And(self.proto == icmp, z3.ULE(self.sport, _BYTE), z3.ULE(self.dport, _BYTE))
        return z3.Or(has_ports, is_icmp, z3.And(self.proto != icmp, self.sport == 0, self.dport == 0))

    def permits(self, rules: Sequence[Rule]) -> z3.BoolRef:
        """Return when a list permits it."""
        found = z3.BoolVal(val=False)
        for rule in reversed(rules):
            matches = z3.Or(*(self.inside(match) for match in rule.any_of if match.family == self.family))
            found = z3.If(matches, z3.BoolVal(rule.action is Action.PERMIT), found)
        return found

    def inside(self, match: Match) -> z3.BoolRef:
        """Return when it is in a match."""
        l4 = z3.Or(*(self._l4(one) for one in match.l4))
        return z3.And(_among(self.src, match.src), _among(self.dst, match.dst), l4)

    def _l4(self, l4: L4) -> z3.BoolRef:
        icmp = ICMP if self.family == IPV4 else ICMPV6
        portless = z3.And(*(self.proto != number for number in sorted(PORT_PROTOCOLS | {icmp})))
        ports = z3.And(_among(self.sport, l4.sport), _among(self.dport, l4.dport))
        return z3.And(_among(self.proto, l4.proto), z3.Or(portless, ports))


def _among(variable: z3.BitVecRef, values: IntervalSet) -> z3.BoolRef:
    return z3.Or(*(z3.And(z3.UGE(variable, low), z3.ULE(variable, high)) for low, high in values.spans))
