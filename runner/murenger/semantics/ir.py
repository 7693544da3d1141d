"""The rule model: what every platform's filter becomes before two of them are compared.

Input: what a parser (port `RuleParser`) has read. Output: frozen values, canonical by construction, so that equal
meaning of one match is an equal object.

A `Ruleset` is a device's filter. Each `RuleList` in it is pure first match with an explicit catch-all; a packet passes
if every list on its way permits it. What a parser cannot express becomes an *opaque* condition (it may hold or not,
nobody here knows) or residue; nothing is dropped and nothing silently becomes "any".
"""

import dataclasses
import enum
from collections.abc import Iterable

from murenger.semantics.intervals import ANY_IPV4, ANY_IPV6, ANY_PORT, ANY_PROTOCOL, IPV4, IPV6, IntervalSet


@dataclasses.dataclass(frozen=True, slots=True)
class L4:
    """Protocols with ports, or ICMP type and code.

    Attributes:
        proto: protocols, within 0..255.
        sport: source ports; of ICMP, types. Says nothing about protocols that have neither.
        dport: destination ports; of ICMP, codes. Says nothing about protocols that have neither.
    """

    proto: IntervalSet = ANY_PROTOCOL
    sport: IntervalSet = ANY_PORT
    dport: IntervalSet = ANY_PORT


ANY_L4 = (L4(),)


class State(enum.IntFlag):
    """Connection states, as a bit mask."""

    NEW = 1
    ESTABLISHED = 2
    RELATED = 4
    INVALID = 8
    UNTRACKED = 16


ANY_STATE = State(31)


class TcpFlags(enum.IntFlag):
    """Classes of TCP flags, as a bit mask; every packet that is not TCP counts as OTHER."""

    SYN = 1
    """SYN without ACK and RST: what opens a connection."""
    ACK_OR_RST = 2
    """ACK or RST set: what the keyword `established` of a stateless list matches."""
    OTHER = 4
    """Neither."""


ANY_FLAGS = TcpFlags(7)


@dataclasses.dataclass(frozen=True, slots=True)
class Places:
    """A set of interfaces or zones, closed under intersection; make one with `Places.of`.

    A name that ends in `*` stands for every name with that beginning. A packet without an ingress (the device sends it)
    or without an egress (it is for the device) is only in a set that is `ANY_PLACE`, or that `include` leaves open.

    Attributes:
        include: names, or None for every name and for no interface at all.
        exclude: names taken away again.
    """

    include: frozenset[str] | None = None
    exclude: frozenset[str] = frozenset()

    @staticmethod
    def of(*names: str) -> "Places":
        """Return the set of these names."""
        return Places(frozenset(names))

    @staticmethod
    def but(*names: str) -> "Places":
        """Return everything but these names."""
        return Places(None, frozenset(names))

    def __contains__(self, name: str) -> bool:
        """True if the interface or zone is in the set; "" is no interface at all."""
        if self.include is not None and not _named(name, self.include):
            return False
        return not _named(name, self.exclude)

    def __and__(self, other: "Places") -> "Places":
        """Return the intersection."""
        if self == other or (other.include is None and not other.exclude):
            return self
        exclude = self.exclude | other.exclude
        if self.include is None or other.include is None:
            include = other.include if self.include is None else self.include
        else:
            ours = {name for name in self.include if _named(name, other.include)}
            include = frozenset(ours | {name for name in other.include if _named(name, self.include)})
        if include is not None:
            include = frozenset(name for name in include if not _named(name, exclude))
            exclude = frozenset(name for name in exclude if any(_named(name, {wide}) for wide in include))
        return Places(include, exclude)

    @property
    def is_empty(self) -> bool:
        """True if it names nothing at all."""
        return self.include is not None and not self.include

    @property
    def names(self) -> frozenset[str]:
        """Every name, with or without `*`, that occurs in it."""
        return (self.include or frozenset()) | self.exclude


def _named(name: str, names: Iterable[str]) -> bool:
    if name in names:
        return True
    return any(wide.endswith("*") and name and name.startswith(wide[:-1]) for wide in names)


ANY_PLACE = Places()


@dataclasses.dataclass(frozen=True, slots=True)
class OpaqueKey:
    """A condition whose truth nobody here can tell; two with the same kind and digest are the same condition.

    Attributes:
        kind: app, user, fqdn, geo, schedule, limit, mark, nat, unreadable and so on.
        digest: SHA-256, hex, of the condition's text and of the full definition of every object that it names.
        label: for people, such as `application ssl`; no part of what it is.
    """

    kind: str
    digest: str
    label: str = dataclasses.field(compare=False)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A box: the packets that meet every condition.

    Attributes:
        family: 4 or 6; "any" is two matches.
        src: source addresses.
        dst: destination addresses.
        l4: protocols and ports; a packet must be in one of these.
        state: connection states.
        flags: classes of TCP flags.
        ingress: interfaces or zones it comes in by.
        egress: interfaces or zones it leaves by.
        opaque: conditions with True if each must hold, False if it must not; sorted, without repetition.
    """

    family: int
    src: IntervalSet
    dst: IntervalSet
    l4: tuple[L4, ...] = ANY_L4
    state: State = ANY_STATE
    flags: TcpFlags = ANY_FLAGS
    ingress: Places = ANY_PLACE
    egress: Places = ANY_PLACE
    opaque: tuple[tuple[OpaqueKey, bool], ...] = ()


EVERYTHING = (
    Match(family=IPV4, src=ANY_IPV4, dst=ANY_IPV4),
    Match(family=IPV6, src=ANY_IPV6, dst=ANY_IPV6),
)
"""What a catch-all matches: every packet of both families."""


class Action(enum.Enum):
    """What a rule does with a packet."""

    PERMIT = "permit"
    DENY = "deny"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a rule comes from.

    Attributes:
        rule: the device's own name or number of it, such as `web-to-db`, `ACL OUTSIDE_IN 30` or `default deny`.
        first_line: 1-based line of the configuration where it begins, or 0 where there is none.
        last_line: 1-based line where it ends, or 0.
        objects: names of the objects and groups that it uses.
        synthetic: True if no line says it: an implicit deny, implicit established traffic.
    """

    rule: str
    first_line: int = 0
    last_line: int = 0
    objects: tuple[str, ...] = ()
    synthetic: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: it matches a packet that is in some match of `any_of` and in none of `unless`.

    Attributes:
        action: permit or deny.
        any_of: matches; empty for a rule that never matches.
        unless: matches taken away (`return`, negated lists).
        provenance: where it comes from; not part of its meaning.
        handling: what else is done with the packet (log, profile, kind of reject), as text; decides no packet.
    """

    action: Action
    any_of: tuple[Match, ...]
    unless: tuple[Match, ...] = ()
    provenance: Provenance
    handling: str = ""


class Hook(enum.Enum):
    """On which way of a packet a list stands."""

    FORWARD = "forward"
    """Through the device: it has an ingress and an egress."""
    INPUT = "input"
    """To the device itself: it has no egress."""
    OUTPUT = "output"
    """From the device itself: it has no ingress."""
    ACL = "acl"
    """None: a named list judged by itself, wherever it is bound or not."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RuleList:
    """Rules in the order that the device evaluates them; the first that matches decides.

    Attributes:
        name: names the list in the device, such as `table inet murenger / chain forward` or `OUTSIDE_IN in on outside`.
        hooks: the ways on which it stands.
        rules: the last one matches everything: the default is a rule.
        acl: with hook ACL, the name that `trace` calls it by.
        bound: with hook ACL, True if another list of the ruleset holds the same rules at the place where it is bound.
    """

    name: str
    hooks: frozenset[Hook]
    rules: tuple[Rule, ...]
    acl: str = ""
    bound: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NamedAddresses:
    """An address object or group that the configuration names.

    Attributes:
        name: the device's name of it.
        family: 4 or 6; an object of both families is two of these.
        addresses: what it holds.
    """

    name: str
    family: int
    addresses: IntervalSet


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NamedService:
    """A service object or group that the configuration names."""

    name: str
    l4: tuple[L4, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ResidueSection:
    """A part of the configuration that the model does not hold.

    Attributes:
        name: its path, such as `interface GigabitEthernet0/1` or `nat`; unique within a ruleset.
        digest: SHA-256, hex, of its normalised text.
        first_line: 1-based line where it begins, or 0.
        last_line: 1-based line where it ends, or 0.
        summary: one line for people.
        is_inert: True if the device does not act on it, such as a rule that is switched off: a change there changes
            the treatment of no packet.
    """

    name: str
    digest: str
    first_line: int = 0
    last_line: int = 0
    summary: str = ""
    is_inert: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something that a reader of the verdict should know about one configuration.

    Attributes:
        code: short and stable, such as `opaque-condition` or `unreadable-line`.
        text: one line for people; may quote the configuration.
        line: 1-based line, or 0.
    """

    code: str
    text: str
    line: int = 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ruleset:
    """A device's whole filter, and a digest of everything else.

    A packet on one way (`Hook`) passes if **every** list with that hook permits it; with no such list it passes if
    `covers` names the hook, and nobody knows if it does not.

    Attributes:
        platform: nftables, iptables, eos, nxos, ios, asa, panos, fortios, junos, pfsense or opnsense.
        lists: the lists.
        covers: the ways that the model holds; the others are residue.
        residue: what the model does not hold, by section, in the order of the configuration.
        zones: zone -> its interfaces, where the configuration says; then its rules name zones, never those interfaces.
        spelt_zones: zone -> its interfaces, of zones that rules do not name because each interface is filtered in its
            own way; a packet that names such a zone is asked about each of them.
        addresses: names of addresses, for reports.
        services: names of services, for reports.
        remarks: every construct that became opaque, with its line, and whatever else a reader should know.
        parser: name and version of parser and library, such as `fwshift 0.40.18 / 1`.
    """

    platform: str
    lists: tuple[RuleList, ...]
    covers: frozenset[Hook]
    residue: tuple[ResidueSection, ...] = ()
    zones: tuple[tuple[str, frozenset[str]], ...] = ()
    spelt_zones: tuple[tuple[str, frozenset[str]], ...] = ()
    addresses: tuple[NamedAddresses, ...] = ()
    services: tuple[NamedService, ...] = ()
    remarks: tuple[Remark, ...] = ()
    parser: str = ""
