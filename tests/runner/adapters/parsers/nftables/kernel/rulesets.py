"""Random nftables rulesets of every construct that the model holds, as nft would accept them.

Input: a random generator. Output: the text of a ruleset.

Constructs that nft 1.0.6 lists wrongly are not drawn: two negations side by side, a range of two comparisons, wildcards
in sets, a TCP reset without an address beside it, whose family nft would not list.
"""

import random
from collections.abc import Sequence

from . import anchors
from .topology import INTERFACES

_STATES = ("new", "established", "related", "invalid", "untracked")
_ICMP_TYPES = (
    "echo-request",
    "echo-reply",
    "destination-unreachable",
    "time-exceeded",
    "timestamp-request",
    "13-18",
    "8",
)
_ICMPV6_TYPES = (
    "echo-request",
    "echo-reply",
    "destination-unreachable",
    "nd-neighbor-solicit",
    "1-4",
    "128-130",
    "139",
)
_SYN_ONLY = ("tcp flags & (syn|rst|ack) == syn", "tcp flags syn / syn,rst,ack")
_ACK_OR_RST = ("tcp flags & (rst|ack) != 0", "tcp flags ack,rst")
_REJECTS = (
    "reject",
    "reject with icmpx admin-prohibited",
    "reject with icmp host-unreachable",
    "reject with icmpv6 no-route",
    "reject with icmp port-unreachable",
)
_USER_CHAINS = 4


def prefix(rng: random.Random, family: int, shortest: int = 0) -> str:
    """Return an address or prefix near where packets go."""
    if family == 4:
        length = max(shortest, rng.choice((8, 14, 15, 16, 17, 20, 23, 24, 25, 28, 30, 31, 32, 32)))
        address = (10 << 24) | (rng.randrange(5) << 16) | (rng.randrange(4) << 8) | rng.randrange(256)
        address &= ~((1 << (32 - length)) - 1)
        text = ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))
        return text if length == 32 else f"{text}/{length}"
    length = max(shortest, rng.choice((32, 40, 47, 48, 63, 64, 112, 120, 126, 127, 128, 128)))
    groups = [0x2001, 0xDB8, rng.randrange(5), rng.randrange(3), 0, 0, 0, rng.randrange(1, 64)]
    address = sum(group << 112 - 16 * number for number, group in enumerate(groups))
    address &= ~((1 << (128 - length)) - 1)
    text = ":".join(f"{address >> shift & 0xFFFF:x}" for shift in range(112, -16, -16))
    return text if length == 128 else f"{text}/{length}"


def address_range(rng: random.Random, family: int) -> str:
    """Return a range of addresses that is no prefix."""
    third, low = rng.randrange(5), rng.randrange(1, 120)
    high = low + rng.randrange(2, 120)
    if family == 4:
        return f"10.{third}.{rng.randrange(2)}.{low}-10.{third}.{rng.randrange(2, 4)}.{high}"
    return f"2001:db8:{third}::{low:x}-2001:db8:{third}:{rng.randrange(3):x}::{high:x}"


def port(rng: random.Random) -> str:
    """Return a port or a range of ports."""
    low = rng.choice((22, 53, 80, 443, rng.randrange(1, 1100), rng.randrange(1, 65000)))
    return str(low) if rng.random() < 0.5 else f"{low}-{low + rng.choice((1, 2, 9, 100, 400))}"


def disjoint(rng: random.Random, count: int) -> list[str]:
    """Return ports and ranges of ports of which no two overlap."""
    low, found = rng.randrange(1, 40), []
    for _ in range(count):
        high = low + rng.choice((0, 0, 1, 7, 60))
        found.append(str(low) if high == low else f"{low}-{high}")
        low = high + rng.randrange(2, 120)
    return found


class Author:
    """Writes one ruleset.

    Args:
        rng: where every choice comes from.
        seed: of the ruleset; some constructs come with every second or fifth seed.
    """

    def __init__(self, rng: random.Random, seed: int) -> None:
        self._rng = rng
        self._has_state = seed % 3 != 2
        self._has_more_tables = seed % 2 == 0
        self._has_dormant = seed % 5 == 1
        self._negated = False

    def write(self) -> str:
        """Return the text."""
        rng = self._rng
        lines = ["table inet main {", *self._sets()]
        policy = rng.choice(("accept", "drop"))
        rules, chains = anchors.blocks(rng, policy, has_state=self._has_state)
        lines += chains
        for number in range(_USER_CHAINS):
            lines += self._chain(f"u{number}", "", rng.randrange(3, 7), number)
        lines += self._chain("forward", f"forward priority 0; policy {policy};", 18, -1, rules)
        lines += self._chain("input", f"input priority 0; policy {rng.choice(('accept', 'drop'))};", 10, -1)
        lines.append("}")
        if self._has_more_tables:
            lines += self._more_tables()
        if self._has_dormant:
            lines += ["table ip asleep {", "flags dormant", "chain everything {"]
            lines += ["type filter hook forward priority -5; policy drop;", "}", "}"]
        return "\n".join(lines) + "\n"

    def _sets(self) -> list[str]:
        rng = self._rng
        four = ", ".join({prefix(rng, 4, 17) for _ in range(6)})
        six = ", ".join({prefix(rng, 6, 63) for _ in range(6)})
        pairs = ", ".join(f"{prefix(rng, 4)} . {one}" for one in disjoint(rng, 4))
        verdicts = ", ".join(f"{one} : {self._verdict(-1)}" for one in disjoint(rng, 5))
        hosts = ", ".join(f"10.1.0.{number} : {self._verdict(-1)}" for number in rng.sample(range(2, 250), 4))
        return [
            f"set v4 {{ type ipv4_addr; flags interval; auto-merge; elements = {{ {four} }} }}",
            f"set v6 {{ type ipv6_addr; flags interval; auto-merge; elements = {{ {six} }} }}",
            f"set ports {{ type inet_service; flags interval; elements = {{ {', '.join(disjoint(rng, 5))} }} }}",
            f"set pairs {{ type ipv4_addr . inet_service; flags interval; elements = {{ {pairs} }} }}",
            f"set anchor {{ type inet_service; flags interval; elements = {{ {', '.join(disjoint(rng, 6))} }} }}",
            'set links { type ifname; elements = { "eth0", "ppp0" } }',
            f"map byport {{ type inet_service : verdict; flags interval; elements = {{ {verdicts} }} }}",
            f"map byhost {{ type ipv4_addr : verdict; elements = {{ {hosts} }} }}",
        ]

    def _chain(self, name: str, hook: str, rules: int, depth: int, first: Sequence[str] = ()) -> list[str]:
        lines = [f"chain {name} {{"]
        if hook:
            lines.append(f"type filter hook {hook}")
        lines += first
        lines += [self._rule(depth, is_forward=name != "input") for _ in range(rules)]
        return [*lines, "}"]

    def _more_tables(self) -> list[str]:
        rng = self._rng
        lines = ["table ip second {", "chain late {", "type filter hook forward priority 10; policy accept;"]
        lines += [f"ip saddr {prefix(rng, 4)} {self._port_match(has_sets=False)} drop" for _ in range(2)]
        lines += ["}", "chain early {", "type filter hook prerouting priority -10; policy accept;"]
        lines += [f"ip daddr {prefix(rng, 4)} udp dport {port(rng)} drop", "}", "}"]
        lines += ["table ip6 third {", "chain out {", "type filter hook postrouting priority 5; policy accept;"]
        lines += [f"ip6 daddr {prefix(rng, 6)} {self._port_match(has_sets=False)} drop" for _ in range(2)]
        return [*lines, "}", "}"]

    def _rule(self, depth: int, *, is_forward: bool) -> str:
        rng = self._rng
        self._negated = False
        kind = rng.random()
        if kind < 0.12:
            return self._verdict_map(depth)
        family = rng.choice((4, 4, 6, 6, 0))
        parts = []
        if rng.random() < 0.25:
            parts.append(self._place(is_forward=is_forward))
        if self._has_state and rng.random() < 0.3:
            parts.append(self._state())
        if kind < 0.2 and family != 6:
            parts.append(self._pair())
        else:
            if family:
                parts.append(self._addresses(family))
            if rng.random() < 0.75:
                parts.append(self._transport(family))
        if not any(parts):
            parts.append(self._addresses(4))
        counted = "counter" if rng.random() < 0.15 else ""
        return " ".join(part for part in (*parts, counted, self._action(depth, family, " ".join(parts))) if part)

    def _not(self, chance: float = 0.25) -> str:
        """Return a negation, but at most one in a rule: nft 1.0.6 lists two side by side wrongly."""
        if self._negated or self._rng.random() > chance:
            return ""
        self._negated = True
        return "!= "

    def _addresses(self, family: int) -> str:
        rng = self._rng
        name = "ip" if family == 4 else "ip6"
        fields = rng.choice((("saddr",), ("daddr",), ("saddr", "daddr")))
        return " ".join(f"{name} {field} {self._not()}{self._address(family)}" for field in fields)

    def _address(self, family: int) -> str:
        rng = self._rng
        kind = rng.random()
        if kind < 0.45:
            return prefix(rng, family)
        if kind < 0.65:
            return address_range(rng, family)
        if kind < 0.8:
            return f"@v{family}"
        thirds = rng.sample(range(5), 3)
        if family == 4:
            low, (one, two, three) = rng.randrange(1, 100), thirds
            return f"{{ 10.{one}.0.0/23, 10.{two}.1.{low}-10.{two}.2.{low + 9}, 10.{three}.0.{low} }}"
        one, two, three = (f"2001:db8:{third}:" for third in thirds)
        return f"{{ {one}:/64, {two}:5-{two}:77, {three}:9 }}"

    def _port_match(self, *, has_sets: bool = True) -> str:
        rng = self._rng
        field = rng.choice(("tcp dport", "tcp dport", "udp dport", "udp dport", "tcp sport", "udp sport"))
        kind = rng.random()
        if kind < 0.15:
            return f"{field} {rng.choice(('<', '>', '<=', '>='))} {rng.choice((53, 80, 1024, 5432))}"
        if kind < 0.3 and has_sets:
            return f"{field} {self._not()}@ports"
        if kind < 0.45:
            return f"{field} {self._not()}{{ {', '.join(disjoint(rng, rng.randrange(2, 5)))} }}"
        return f"{field} {self._not()}{port(rng)}"

    def _transport(self, family: int) -> str:
        kinds = (lambda _: self._port_match(), self._either_port, self._flags, self._icmp, self._protocol)
        return self._rng.choices(kinds, (55, 8, 9, 12, 16))[0](family)

    def _either_port(self, _: int) -> str:
        rng = self._rng
        return f"meta l4proto {{ tcp, udp }} th {rng.choice(('dport', 'sport'))} {self._not()}{port(rng)}"

    def _flags(self, _: int) -> str:
        return self._rng.choice(_SYN_ONLY + _ACK_OR_RST)

    def _icmp(self, family: int) -> str:
        rng = self._rng
        name, types = ("icmpv6", _ICMPV6_TYPES) if family == 6 else ("icmp", _ICMP_TYPES)
        if rng.random() < 0.5:
            return f"{name} code {rng.choice(('0', '1', '3', '!= 1', '1-3'))}"
        return f"{name} type {self._not()}{rng.choice(types)}"

    def _protocol(self, family: int) -> str:
        rng = self._rng
        if family == 4 and rng.random() < 0.6:
            return f"ip protocol {self._not()}{rng.choice(('udp', 'icmp', 'gre', '{ tcp, udp }'))}"
        if family == 6 and rng.random() < 0.6:
            return f"ip6 nexthdr {self._not()}{rng.choice(('udp', 'tcp', 'esp', '{ tcp, ipv6-icmp }'))}"
        if not family and rng.random() < 0.4:
            return f"meta nfproto {rng.choice(('ipv4', 'ipv6'))}"
        return f"meta l4proto {self._not()}{rng.choice(('tcp', 'udp', 'gre', '{ tcp, esp }', '47-50'))}"

    def _place(self, *, is_forward: bool) -> str:
        rng = self._rng
        name = rng.choice(INTERFACES)
        choices = [
            f'iifname {self._not()}"{name}"',
            'iifname { "eth0", "dmz0" }',
            'iifname "ppp*"',
            f"iifname {self._not(0.5)}@links",
            f'iif {self._not()}"{name}"',
        ]
        if is_forward:
            choices += [f'oifname "{name}"', 'oifname != "eth1"', 'oifname { "eth1", "ppp0" }']
        return rng.choice(choices)

    def _state(self) -> str:
        rng = self._rng
        kind = rng.random()
        if kind < 0.4:
            return f"ct state {','.join(rng.sample(_STATES, rng.randrange(1, 3)))}"
        if kind < 0.7:
            return f"ct state {{ {', '.join(rng.sample(_STATES, 2))} }}"
        return f"ct state != {rng.choice(_STATES)}" if not self._negated else f"ct state {rng.choice(_STATES)}"

    def _pair(self) -> str:
        rng = self._rng
        first, second, third = disjoint(rng, 3)
        return rng.choice(
            (
                f"ip saddr . tcp dport {self._not()}@pairs",
                f"ip daddr . udp dport {{ 10.1.0.0/16 . {first}, 10.2.0.0-10.2.1.99 . {second}, 10.3.0.7 . {third} }}",
                "ip saddr . ip daddr { 10.0.0.0/16 . 10.1.0.0/17, 10.2.0.0/24 . 10.0.0.0/8 }",
                f"meta l4proto . th dport {{ tcp . {first}, udp . {second}, tcp . {third} }}",
                'iifname . ip saddr { "eth0" . 10.0.0.0/15, "dmz0" . 10.2.0.0/16 }',
            )
        )

    def _verdict_map(self, depth: int) -> str:
        rng = self._rng
        one, two, three = (self._verdict(depth) for _ in range(3))
        first, second, third = disjoint(rng, 3)
        choices = [
            f"{rng.choice(('tcp', 'udp'))} dport vmap {{ {first} : {one}, {second} : {two}, {third} : {three} }}",
            f"ip saddr vmap {{ 10.0.0.0/17 : {one}, 10.2.0.0-10.2.0.99 : {two} }}",
            f"ip6 daddr vmap {{ 2001:db8:1::/64 : {one}, 2001:db8:2::/47 : {two} }}",
            f"meta l4proto . th dport vmap {{ tcp . {first} : {one}, udp . {second} : {two} }}",
            f'iifname vmap {{ "ppp0" : {one}, "dmz0" : {two} }}',
            f"ip protocol vmap {{ icmp : {one}, gre : {two} }}",
        ]
        if depth < 0:
            choices += ["tcp dport vmap @byport", "ip daddr vmap @byhost"]
        if self._has_state:
            choices.append(f"ct state vmap {{ invalid : {one}, established : {two} }}")
        return rng.choice(choices)

    def _verdict(self, depth: int) -> str:
        rng = self._rng
        choices = ["accept", "drop", "accept", "drop", "continue" if depth < 0 else "return"]
        if depth + 1 < _USER_CHAINS:
            choices += [f"{rng.choice(('jump', 'jump', 'goto'))} u{rng.randrange(depth + 1, _USER_CHAINS)}"]
        return rng.choice(choices)

    def _action(self, depth: int, family: int, matched: str) -> str:
        rng = self._rng
        kind = rng.random()
        if kind < 0.12:
            return self._reject(family, matched)
        if depth + 1 < _USER_CHAINS and kind < (0.4 if depth < 0 else 0.25):
            return f"{rng.choice(('jump', 'jump', 'goto'))} u{rng.randrange(depth + 1, _USER_CHAINS)}"
        if kind < 0.5:
            return "return" if depth >= 0 or rng.random() < 0.2 else "drop"
        return rng.choice(("accept", "accept", "drop"))

    def _reject(self, family: int, matched: str) -> str:
        rng = self._rng
        if "tcp " in matched and " saddr " in f"{matched} " and "l4proto" not in matched and rng.random() < 0.5:
            return "reject with tcp reset"
        if family == 4 or "ip saddr" in matched or "ip daddr" in matched or "icmp " in matched:
            return "reject"
        if family == 6 or "icmpv6" in matched:
            return "reject with icmpx host-unreachable"
        return "reject" if "nfproto" in matched else rng.choice(_REJECTS)
