"""An exact oracle for small rulesets: the packet space cut into cells on which no rule can tell two packets apart.

Input: a seed, or rulesets. Output: random rulesets on a small grid, and for each cell and each truth of the opaque
conditions what the lists decide, worked out one cell at a time by first match. Nothing of the engine is used.
"""

import dataclasses
import itertools
import random
from collections.abc import Iterator, Mapping, Sequence

from murenger.model.packet import PORT_PROTOCOLS, Packet
from murenger.semantics.interpreter import Answer, decide
from murenger.semantics.intervals import ANY_PORT, ANY_PROTOCOL, IntervalSet, top_address
from murenger.semantics.ir import (
    ANY_FLAGS,
    ANY_PLACE,
    ANY_STATE,
    EVERYTHING,
    L4,
    Action,
    Hook,
    Match,
    OpaqueKey,
    Places,
    Provenance,
    Rule,
    RuleList,
    Ruleset,
    State,
    TcpFlags,
)

DIMENSIONS = ("src", "dst", "proto", "sport", "dport", "flags", "state", "ingress", "egress")
KEYS = tuple(OpaqueKey("app", f"{number:02x}", f"application {number}") for number in range(3))
NAMES = ("eth0", "eth1", "ppp*", "ppp1")
MEMBERS = ("eth0", "eth1", "ppp1", "ppp0", "other")
PROTOCOLS = (6, 17, 1, 58, 47)
STATES = ("new", "established", "related", "invalid", "untracked")


@dataclasses.dataclass(frozen=True, slots=True)
class Grid:
    """What random rules may say: the dimensions used, and the values at which they cut."""

    family: int
    dimensions: tuple[str, ...]
    keys: tuple[OpaqueKey, ...]
    cuts: Mapping[str, tuple[int, ...]]
    hook: Hook


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """Packets alike for every rule, one of them, and how many headers they have."""

    packet: Packet
    headers: int
    header: tuple[int, ...]


def grid(chance: random.Random) -> Grid:
    """Return a random grid with few enough cells."""
    family = chance.choice((4, 4, 6))
    top = top_address(family)
    used = tuple(sorted(chance.sample(DIMENSIONS, chance.choice((2, 3, 3, 4)))))

    def near(high: int) -> tuple[int, ...]:
        return tuple(sorted(chance.sample((1, 2, 7, 8, high // 2, high // 2 + 1, high - 1, high), 3)))

    cuts = {"src": near(top), "dst": near(top), "sport": near(65535), "dport": near(65535)}
    keys = KEYS[: chance.choice((0, 0, 1, 2, 3))]
    hook = chance.choice((Hook.FORWARD, Hook.FORWARD, Hook.INPUT, Hook.OUTPUT, Hook.ACL))
    return Grid(family, used, keys, cuts, hook)


def random_match(where: Grid, chance: random.Random) -> Match:
    """Return a match on the grid."""

    def span(name: str, top: int) -> IntervalSet:
        if name not in where.dimensions or chance.random() < 0.25:
            return IntervalSet(((0, top),))
        points = [0, *where.cuts[name], top + 1]
        chosen = [(low, high - 1) for low, high in itertools.pairwise(points) if chance.random() < 0.5]
        return IntervalSet.of(*chosen)

    def places(name: str) -> Places:
        if name not in where.dimensions or chance.random() < 0.3:
            return ANY_PLACE
        some = chance.sample(NAMES, chance.choice((1, 1, 2)))
        return chance.choice((Places.of(*some), Places.but(*some), Places(frozenset({"ppp*"}), frozenset({"ppp1"}))))

    top = top_address(where.family)
    proto = ANY_PROTOCOL
    if {"proto", "sport", "dport", "flags"} & set(where.dimensions) and chance.random() < 0.7:
        proto = IntervalSet.of(*((number, number) for number in chance.sample(PROTOCOLS, chance.choice((1, 1, 2, 3)))))
    flags, state = ANY_FLAGS, ANY_STATE
    if "flags" in where.dimensions and chance.random() < 0.5:
        flags, proto = TcpFlags(chance.randrange(1, 8)), IntervalSet.single(6)
    if "state" in where.dimensions and chance.random() < 0.6:
        state = State(chance.randrange(1, 32))
    l4 = [L4(proto, span("sport", 65535), span("dport", 65535))]
    if chance.random() < 0.2:
        l4.append(L4(IntervalSet.single(chance.choice(PROTOCOLS)), ANY_PORT, span("dport", 65535)))
    opaque = tuple((key, chance.random() < 0.6) for key in where.keys if chance.random() < 0.3)
    return Match(
        family=where.family,
        src=span("src", top),
        dst=span("dst", top),
        l4=tuple(l4),
        state=state,
        flags=flags,
        ingress=places("ingress"),
        egress=places("egress"),
        opaque=opaque,
    )


def random_rule(where: Grid, chance: random.Random, name: str) -> Rule:
    """Return a rule on the grid."""
    unless = (random_match(where, chance),) if chance.random() < 0.15 else ()
    return Rule(
        action=chance.choice(tuple(Action)),
        any_of=tuple(random_match(where, chance) for _ in range(chance.choice((1, 1, 1, 2)))),
        unless=unless,
        provenance=Provenance(rule=name),
    )


def default(action: Action) -> Rule:
    """Return a catch-all."""
    return Rule(action=action, any_of=EVERYTHING, provenance=Provenance(rule=f"default {action.value}", synthetic=True))


def ruleset(lists: Sequence[Sequence[Rule]], hook: Hook = Hook.FORWARD) -> Ruleset:
    """Return a ruleset of one way."""
    return Ruleset(
        platform="nftables",
        lists=tuple(
            RuleList(
                name=f"list {number}",
                hooks=frozenset({hook}),
                rules=tuple(rules),
                acl="A" if hook is Hook.ACL else "",
            )
            for number, rules in enumerate(lists)
        ),
        covers=frozenset({hook} - {Hook.ACL}),
    )


def random_pair(where: Grid, chance: random.Random) -> tuple[list[list[Rule]], list[list[Rule]]]:
    """Return the lists of a golden and of a live that came from it by edits, or by none that matter."""
    golden: list[list[Rule]] = []
    live: list[list[Rule]] = []
    for number in range(1 if where.hook is Hook.ACL else chance.choice((1, 1, 1, 2))):
        rules = [random_rule(where, chance, f"g{number}.{place}") for place in range(chance.randrange(1, 6))]
        rules.append(default(chance.choice(tuple(Action))))
        changed = list(rules)
        for edit in range(chance.choice((0, 1, 1, 2, 3))):
            _edit(changed, where, chance, f"l{number}.{edit}")
        golden.append(rules)
        live.append(changed)
    if chance.random() < 0.1 and where.hook is not Hook.ACL:
        live.pop(0)
    return golden, live


def _edit(rules: list[Rule], where: Grid, chance: random.Random, name: str) -> None:
    place = chance.randrange(len(rules))
    kind = chance.choice(("insert", "delete", "swap", "replace", "default", "split", "repeat"))
    if kind == "insert":
        rules.insert(place, random_rule(where, chance, name))
    elif kind == "delete" and place < len(rules) - 1:
        del rules[place]
    elif kind == "swap" and place < len(rules) - 2:
        rules[place], rules[place + 1] = rules[place + 1], rules[place]
    elif kind == "replace" and place < len(rules) - 1:
        rules[place] = random_rule(where, chance, name)
    elif kind == "default":
        rules[-1] = default(chance.choice(tuple(Action)))
    elif kind == "repeat":
        rules.insert(place + 1 if place < len(rules) - 1 else place, rules[place])
    elif kind == "split" and len(rules[place].any_of) == 1 and len(rules[place].any_of[0].dst.spans) > 1:
        match = rules[place].any_of[0]
        halves = [dataclasses.replace(match, dst=IntervalSet((span,))) for span in match.dst.spans]
        rules[place : place + 1] = [dataclasses.replace(rules[place], any_of=(half,)) for half in halves]


def cells(where: Grid) -> Iterator[Cell]:
    """Yield the cells of a grid: every well-formed packet is like exactly one of them."""
    yield _other_family(where)
    used = set(where.dimensions)
    ports = {"proto", "sport", "dport", "flags"} & used
    addresses = [list(_intervals(where, name, top_address(where.family))) for name in ("src", "dst")]
    ingress = MEMBERS if "ingress" in used else ("other",)
    egress = MEMBERS if "egress" in used else ("other",)
    ingress = ingress if where.hook in {Hook.FORWARD, Hook.INPUT} else ("",)
    egress = egress if where.hook in {Hook.FORWARD, Hook.OUTPUT} else ("",)
    states = STATES if "state" in used else ("new",)
    icmp = 1 if where.family == 4 else 58
    portless = 256 - len(PORT_PROTOCOLS) - 1
    for src, dst in itertools.product(*addresses):
        for proto, weight in ((6, 1), (17, 1), (icmp, 1), (47, 1), (59 - icmp, 1), (33, 3), (99, portless - 2)):
            if not ports and proto != 6:
                continue
            for sport, dport in itertools.product(
                _ports(where, "sport", proto, icmp), _ports(where, "dport", proto, icmp)
            ):
                headers = (src[1] - src[0] + 1) * (dst[1] - dst[0] + 1) * weight
                headers *= (sport[1] - sport[0] + 1) * (dport[1] - dport[0] + 1)
                if not ports:
                    headers = (src[1] - src[0] + 1) * (dst[1] - dst[0] + 1) * _all_headers()
                for flags, state, come, go in itertools.product(
                    ("syn", "ack", "none") if proto == 6 else ("none",), states, ingress, egress
                ):
                    yield Cell(
                        Packet(
                            family=where.family,
                            src=src[0],
                            dst=dst[0],
                            proto=proto,
                            sport=sport[0],
                            dport=dport[0],
                            flags=flags,
                            state=state,
                            ingress=come,
                            egress=go,
                            acl="A" if where.hook is Hook.ACL else "",
                        ),
                        headers,
                        (src[0], dst[0], proto, sport[0], dport[0]),
                    )


def _other_family(where: Grid) -> Cell:
    """Return the packets of the family that no rule but the default matches."""
    family = 10 - where.family
    packet = Packet(
        family=family,
        src=0,
        dst=0,
        proto=6,
        ingress="other" if where.hook in {Hook.FORWARD, Hook.INPUT} else "",
        egress="other" if where.hook in {Hook.FORWARD, Hook.OUTPUT} else "",
        acl="A" if where.hook is Hook.ACL else "",
    )
    return Cell(packet, (top_address(family) + 1) ** 2 * _all_headers(), ())


def _all_headers() -> int:
    return len(PORT_PROTOCOLS) * 65536 * 65536 + 256 * 256 + 256 - len(PORT_PROTOCOLS) - 1


def _intervals(where: Grid, name: str, top: int) -> Iterator[tuple[int, int]]:
    cuts = where.cuts[name] if name in where.dimensions else ()
    yield from ((low, high - 1) for low, high in itertools.pairwise([0, *cuts, top + 1]))


def _ports(where: Grid, name: str, proto: int, icmp: int) -> list[tuple[int, int]]:
    if proto in PORT_PROTOCOLS:
        return list(_intervals(where, name, 65535))
    if proto == icmp:
        return [(low, min(high, 255)) for low, high in _intervals(where, name, 65535) if low <= 255]
    return [(0, 0)]


def decided(one: Ruleset, cell: Cell, keys: Sequence[OpaqueKey]) -> list[bool]:
    """Return for each truth of the conditions whether a cell's packets pass."""
    valuations = (dict(zip(keys, values, strict=True)) for values in itertools.product((False, True), repeat=len(keys)))
    return [decide(one.lists, cell.packet, valuation).answer is Answer.ALLOW for valuation in valuations]
