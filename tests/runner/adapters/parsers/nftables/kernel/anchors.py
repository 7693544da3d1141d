"""Rules that make a ruleset strong: each block decides packets that one kind of mistake would decide otherwise.

Input: a random generator. Output: rules for the top of a forward chain, and the chains that they jump to. Every block
has a network of its own, so that none hides another; everything in it but its shape is drawn.
"""

import random
from collections.abc import Callable

Block = tuple[list[str], list[str]]
"""Rules of the base chain, and the lines of further chains."""

_OPPOSITE = {"accept": "drop", "drop": "accept"}


def blocks(rng: random.Random, policy: str, *, has_state: bool) -> Block:
    """Return the blocks in a random order, for a chain of this policy."""
    makers: list[Callable[[random.Random, str, str], Block]] = [_jump, _goto, _negation, _set, _ranges, _family]
    if has_state:
        makers.append(_state)
    rng.shuffle(makers)
    rules, chains = [], []
    for number, make in enumerate(makers):
        family = rng.choice((4, 6)) if make not in {_set, _family} else 4
        network = f"ip daddr 10.4.{number}.0/24" if family == 4 else f"ip6 daddr 2001:db8:4:{number + 16:x}::/64"
        more, further = make(rng, network, _OPPOSITE[policy] if make is _jump else rng.choice(("accept", "drop")))
        rules += more
        chains += further
    return rules, chains


def _port(rng: random.Random) -> int:
    return rng.randrange(2, 600)


def _jump(rng: random.Random, network: str, verdict: str) -> Block:
    other, port, proto = _OPPOSITE[verdict], _port(rng), rng.choice(("tcp", "udp"))
    chain = [
        "chain jumped {",
        f"{proto} {rng.choice(('dport', 'sport'))} {port}-{port + rng.randrange(40, 400)} return",
        f"meta l4proto {proto} {other}",
        "}",
    ]
    return [f"{network} jump jumped", f"{network} {verdict}"], chain


def _goto(rng: random.Random, network: str, verdict: str) -> Block:
    other = _OPPOSITE[verdict]
    # What the last chain lets fall goes on behind the jump, not behind the goto.
    chain = [
        "chain left {",
        f"meta l4proto {rng.choice(('tcp', 'udp'))} {other}",
        "}",
        "chain gone {",
        "goto left",
        other,
        "}",
    ]
    return [f"{network} jump gone", f"{network} {verdict}"], chain


def _negation(rng: random.Random, network: str, verdict: str) -> Block:
    field = rng.choice(("tcp dport", "udp dport", "tcp sport", "udp sport"))
    port = _port(rng)
    value = rng.choice((f"{port}", f"{port}-{port + 100}", f"{{ {port}, {port + 2}-{port + 90} }}"))
    return [f"{network} {field} != {value} {verdict}", f"{network} {_OPPOSITE[verdict]}"], []


def _set(rng: random.Random, network: str, verdict: str) -> Block:
    return [f"{network} {rng.choice(('tcp', 'udp'))} dport @anchor {verdict}", f"{network} {_OPPOSITE[verdict]}"], []


def _ranges(rng: random.Random, network: str, verdict: str) -> Block:
    other, low = _OPPOSITE[verdict], _port(rng)
    return [
        f"{network} tcp sport {low}-{low + rng.randrange(1, 9)} {verdict}",
        f"{network} udp dport {low}-{low + rng.randrange(1, 9)} {verdict}",
        f"{network} {other}",
    ], []


def _family(rng: random.Random, network: str, verdict: str) -> Block:
    proto, port = rng.choice(("tcp", "udp")), _port(rng)
    place = rng.choice(('iifname "ppp0"', 'oifname "ppp0"'))
    return [
        f"{place} {proto} dport {port}-{port + 300} reject with icmp {rng.choice(('port', 'host'))}-unreachable",
        f"{place} ip6 daddr 2001:db8:3::/48 accept",
        f"{network} {verdict}",
    ], []


def _state(rng: random.Random, network: str, verdict: str) -> Block:
    state = rng.choice(("established,related", "new", "invalid", "established", "new,established", "!= new"))
    return [f"{network} ct state {state} {verdict}", f"{network} {_OPPOSITE[verdict]}"], []
