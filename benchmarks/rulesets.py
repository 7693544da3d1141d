"""Rule sets with the statistics of real ones, and edits of them, for benchmarks; no configuration of anybody is here.

Input: one of `SETTINGS`, a size, a seed. Output: rules of the model, and copies with random edits or with rewrites that
change no packet. Three families: `tree` (an access list over a tree of prefixes, most rules narrow), `chain` (an
operator's filter: few wildcards, ranges on both ports) and `wild` (a firewall policy full of wildcards, which overlap).
"""

import dataclasses
import math
import random
from collections.abc import Callable, Iterator, Sequence

from murenger.semantics.intervals import ANY_PORT, ANY_PROTOCOL, IPV4, MAX_PORT, IntervalSet, top_address
from murenger.semantics.ir import EVERYTHING, L4, Action, Hook, Match, Provenance, Rule, RuleList, Ruleset

COMMON_PORTS = (20, 21, 22, 23, 25, 53, 80, 110, 123, 135, 137, 139, 143, 161, 389, 443, 445, 514, 636, 993, 1433, 1521)
HIGH_PORTS = (1024, MAX_PORT)
TCP, UDP, ICMP = 6, 17, 1
_MISSES = 1_000
_DISORDER_BITS = 12


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How the rules of a set are drawn; shares are of 1.

    Attributes:
        name: names it in tables.
        any_src: share of rules from anywhere.
        any_dst: share of rules to anywhere.
        any_port: share without destination port.
        port_range: share with a range of destination ports.
        source_port: share with source ports.
        any_protocol: share of every protocol.
        permit: share of permits.
        networks: how many networks the tree of prefixes has for a thousand rules.
        host: share of addresses that are single hosts.
    """

    name: str
    any_src: float
    any_dst: float
    any_port: float
    port_range: float
    source_port: float
    any_protocol: float
    permit: float
    networks: int
    host: float


SETTINGS = (
    Setting(
        name="tree-hosts",
        any_src=0.02,
        any_dst=0.0,
        any_port=0.1,
        port_range=0.1,
        source_port=0.0,
        any_protocol=0.05,
        permit=0.8,
        networks=300,
        host=0.7,
    ),
    Setting(
        name="tree-nested",
        any_src=0.1,
        any_dst=0.02,
        any_port=0.2,
        port_range=0.15,
        source_port=0.01,
        any_protocol=0.1,
        permit=0.7,
        networks=100,
        host=0.2,
    ),
    Setting(
        name="chain-mixed",
        any_src=0.15,
        any_dst=0.1,
        any_port=0.3,
        port_range=0.25,
        source_port=0.1,
        any_protocol=0.1,
        permit=0.7,
        networks=200,
        host=0.4,
    ),
    Setting(
        name="chain-ports",
        any_src=0.1,
        any_dst=0.05,
        any_port=0.1,
        port_range=0.5,
        source_port=0.25,
        any_protocol=0.05,
        permit=0.6,
        networks=200,
        host=0.3,
    ),
    Setting(
        name="wild-sources",
        any_src=0.6,
        any_dst=0.05,
        any_port=0.1,
        port_range=0.2,
        source_port=0.05,
        any_protocol=0.05,
        permit=0.7,
        networks=150,
        host=0.4,
    ),
    Setting(
        name="wild-both",
        any_src=0.4,
        any_dst=0.3,
        any_port=0.15,
        port_range=0.2,
        source_port=0.03,
        any_protocol=0.02,
        permit=0.7,
        networks=300,
        host=0.3,
    ),
    Setting(
        name="wild-ports",
        any_src=0.5,
        any_dst=0.25,
        any_port=0.3,
        port_range=0.35,
        source_port=0.06,
        any_protocol=0.02,
        permit=0.5,
        networks=300,
        host=0.2,
    ),
)
"""Seven settings of the three families."""


def generate(setting: Setting, size: int, seed: int, family: int = IPV4) -> tuple[Rule, ...]:
    """Return `size` different rules, a default deny last."""
    chance = random.Random(f"{setting.name} {seed}")  # noqa: S311 - repeatable, no secret
    tree = _Tree(setting, size, chance, family)
    found: dict[tuple[Match, ...], Rule] = {}
    misses = 0
    while len(found) < size - 1 and misses < _MISSES * size:
        rule = _rule(setting, tree, chance)
        if rule.any_of in found:
            misses += 1
        else:
            found[rule.any_of] = rule
    default = Rule(action=Action.DENY, any_of=EVERYTHING, provenance=Provenance(rule="default deny", synthetic=True))
    # People put narrow rules before wide ones, by and large: else wide ones would hide nearly everything.
    ordered = sorted(found.values(), key=lambda rule: _width(rule.any_of[0]) + chance.gauss(0, _DISORDER_BITS))
    return (*(_numbered(rule, place) for place, rule in enumerate(ordered)), default)


def _width(match: Match) -> float:
    """Return how many packets a match holds, in bits; IPv6 addresses as if they had 32."""
    ports = sum(l4.proto.size * l4.sport.size * l4.dport.size for l4 in match.l4)
    scale = 1 if match.family == IPV4 else 4
    return (math.log2(match.src.size) + math.log2(match.dst.size)) / scale + math.log2(ports)


def _numbered(rule: Rule, place: int) -> Rule:
    return dataclasses.replace(rule, provenance=Provenance(rule=f"{10 + 10 * place}", first_line=place + 2))


class _Tree:
    """Networks within networks, from which addresses are drawn."""

    def __init__(self, setting: Setting, size: int, chance: random.Random, family: int) -> None:
        self.family = family
        self._chance, self._host = chance, setting.host
        self._bits = 32 if family == IPV4 else 128
        # IPv6: one /32 is split as 10.0.0.0/8 is, its networks between /40 and /64.
        self._nets: list[tuple[int, int]] = [self._root()]
        wanted = max(8, setting.networks * size // 1000)
        while len(self._nets) < wanted:
            base, length = chance.choice(self._nets[-64:] if chance.random() < 0.5 else self._nets)
            longest = 28 if family == IPV4 else 64
            if length < longest:
                deeper = min(longest, length + chance.choice((1, 2, 4, 8)))
                part = chance.getrandbits(deeper - length) << (self._bits - deeper)
                self._nets.append((base | part, deeper))

    def _root(self) -> tuple[int, int]:
        return (10 << 24, 8) if self.family == IPV4 else (0x20010DB8 << 96, 32)

    def draw(self) -> IntervalSet:
        """Return a network or a host of one."""
        base, length = self._chance.choice(self._nets)
        size = 1 << (self._bits - length)
        if self._chance.random() < self._host:
            return IntervalSet.single(base + self._chance.randrange(min(size, 1 << 16)))
        return IntervalSet(((base, base + size - 1),))


def _rule(setting: Setting, tree: _Tree, chance: random.Random) -> Rule:
    everywhere = IntervalSet(((0, top_address(tree.family)),))
    match = Match(
        family=tree.family,
        src=everywhere if chance.random() < setting.any_src else tree.draw(),
        dst=everywhere if chance.random() < setting.any_dst else tree.draw(),
        l4=(_l4(setting, chance),),
    )
    action = Action.PERMIT if chance.random() < setting.permit else Action.DENY
    return Rule(action=action, any_of=(match,), provenance=Provenance(rule=""))


def _l4(setting: Setting, chance: random.Random) -> L4:
    if chance.random() < setting.any_protocol:
        return L4(ANY_PROTOCOL if chance.random() < 0.8 else IntervalSet.single(ICMP))
    proto = IntervalSet.single(TCP if chance.random() < 0.75 else UDP)
    sport = _ports(0.5, chance) if chance.random() < setting.source_port else ANY_PORT
    return L4(proto, sport, ANY_PORT if chance.random() < setting.any_port else _ports(setting.port_range, chance))


def _ports(ranged: float, chance: random.Random) -> IntervalSet:
    if chance.random() >= ranged:
        common = chance.random() < 0.6
        return IntervalSet.single(chance.choice(COMMON_PORTS) if common else chance.randrange(1, MAX_PORT))
    if chance.random() < 0.3:
        return IntervalSet((HIGH_PORTS,))
    low = chance.randrange(1, 60_000)
    return IntervalSet(((low, min(MAX_PORT, low + chance.choice((1, 4, 9, 99, 999)))),))


def edited(rules: Sequence[Rule], edits: int, seed: int) -> tuple[Rule, ...]:
    """Return a copy with random edits: rules inserted, deleted, swapped, flipped, widened, ports off by one."""
    chance = random.Random(f"edits {seed}")  # noqa: S311 - repeatable, no secret
    found = list(rules)
    kinds: tuple[Callable[[list[Rule], int, random.Random], None], ...] = (
        _delete,
        _flip,
        _widen,
        _port,
        _swap,
        _insert,
    )
    for _ in range(edits):
        place = chance.randrange(len(found) - 2)
        chance.choice(kinds)(found, place, chance)
    return tuple(found)


def _delete(rules: list[Rule], place: int, _: random.Random) -> None:
    del rules[place]


def _flip(rules: list[Rule], place: int, _: random.Random) -> None:
    action = Action.DENY if rules[place].action is Action.PERMIT else Action.PERMIT
    rules[place] = dataclasses.replace(rules[place], action=action)


def _widen(rules: list[Rule], place: int, _: random.Random) -> None:
    match = rules[place].any_of[0]
    low, high = match.dst.spans[0]
    size = high - low + 1
    if high < top_address(match.family) or low:
        wide = IntervalSet(((low & ~size, low | (2 * size - 1)),))
        rules[place] = _with(rules[place], dataclasses.replace(match, dst=wide))


def _port(rules: list[Rule], place: int, chance: random.Random) -> None:
    match = rules[place].any_of[0]
    low, high = match.l4[0].dport.spans[0]
    ports = (
        IntervalSet(((low, min(MAX_PORT, high + 1)),))
        if chance.random() < 0.5
        else IntervalSet(((max(0, low - 1), high),))
    )
    if match.l4[0].proto.size == 1:
        rules[place] = _with(
            rules[place], dataclasses.replace(match, l4=(dataclasses.replace(match.l4[0], dport=ports),))
        )


def _swap(rules: list[Rule], place: int, chance: random.Random) -> None:
    other = min(len(rules) - 2, place + chance.randrange(1, 50))
    rules[place], rules[other] = rules[other], rules[place]


def _insert(rules: list[Rule], place: int, chance: random.Random) -> None:
    model = chance.choice(rules[:-1])
    dst = rules[place].any_of[0].dst
    new = _with(model, dataclasses.replace(model.any_of[0], dst=dst))
    rules.insert(place, dataclasses.replace(new, provenance=Provenance(rule=f"new {place}")))


def _with(rule: Rule, match: Match) -> Rule:
    return dataclasses.replace(rule, any_of=(match,))


def rewritten(rules: Sequence[Rule], seed: int, share: float = 0.2) -> tuple[Rule, ...]:
    """Return a copy that decides every packet alike: neighbours that do not overlap swapped, prefixes split in two."""
    chance = random.Random(f"rewrites {seed}")  # noqa: S311 - repeatable, no secret
    found = list(rules)
    for place in range(len(found) - 2):
        if chance.random() < share and not _overlap(found[place].any_of[0], found[place + 1].any_of[0]):
            found[place], found[place + 1] = found[place + 1], found[place]
    return tuple(part for rule in found for part in _halves(rule, chance, share))


def _overlap(one: Match, other: Match) -> bool:
    l4, its = one.l4[0], other.l4[0]
    # Source and destination ports of ICMP are not compared: such rules count as overlapping.
    ports = not (l4.proto.size == its.proto.size == 1) or (l4.dport & its.dport and l4.sport & its.sport)
    return bool(one.src & other.src and one.dst & other.dst and l4.proto & its.proto and ports)


def _halves(rule: Rule, chance: random.Random, share: float) -> Iterator[Rule]:
    match = rule.any_of[0]
    low, high = match.dst.spans[0]
    if rule.provenance.synthetic or low == high or chance.random() >= share:
        yield rule
        return
    middle = (low + high) // 2
    for part in ((low, middle), (middle + 1, high)):
        yield _with(rule, dataclasses.replace(match, dst=IntervalSet((part,))))


def ruleset(rules: Sequence[Rule]) -> Ruleset:
    """Return a ruleset of one list on the way through the device."""
    one = RuleList(name="forward", hooks=frozenset({Hook.FORWARD}), rules=tuple(rules))
    return Ruleset(platform="eos", lists=(one,), covers=frozenset({Hook.FORWARD}))
