"""The fwshift library: its readers are called here and nowhere else, and what they return becomes values of our own.

Input: bytes of a configuration from which NAT and whatever else the library would fold into its rules were taken out.
Output: `Reading`, frozen values with its rules, objects and the findings that say how well it understood them.
"""

import dataclasses
import enum
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

import fwshift
from fwshift import errors, model, report, transform
from fwshift.parsers import asa, fortios, ios, iptables, junos, opnsense, panos, panos_set, pfsense

from murenger.errors import ParseError

VERSION = str(fwshift.__version__)
ANY = "any"
_APPROX = 1
"""The lowest severity of a finding that says the library's rule is not quite the device's."""


Found = TypeVar("Found")


class AddressKind(enum.Enum):
    """What an address object holds."""

    STATIC = "static"
    """One network or range."""
    FQDN = "fqdn"
    UNKNOWN = "unknown"
    """Something that the library could not read."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address object."""

    kind: AddressKind
    value: str
    family: int = 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AddressGroup:
    """An address group; `unknown` says why its members are not all that it holds, or is empty."""

    members: tuple[str, ...]
    unknown: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One protocol with its ports, or one ICMP type; ports are text such as `80,8000-8080`, empty for all."""

    protocol: str
    dst_ports: str
    src_ports: str
    icmp_type: int | None
    icmp_code: int | None
    ip_protocol: int | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service object; `unknown` says why its entries are not all that it holds, or is empty."""

    entries: tuple[Entry, ...]
    unknown: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LibraryRule:
    """One rule as the library read it; see fwshift's documentation of `Rule` for the fields of the same name."""

    name: str
    origin: str
    ids: Mapping[str, str]
    src_zones: tuple[str, ...]
    dst_zones: tuple[str, ...]
    scope: str
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    services: tuple[str, ...]
    negate_source: bool
    negate_destination: bool
    negate_service: bool
    applications: tuple[str, ...]
    users: tuple[str, ...]
    url_categories: tuple[str, ...]
    schedule: str
    permits: bool
    enabled: bool
    unsupported: tuple[str, ...]
    findings: tuple[str, ...]
    nat_added: tuple[str, ...]
    handling: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the library made of a configuration."""

    rules: tuple[LibraryRule, ...]
    addresses: Mapping[str, Address]
    address_groups: Mapping[str, AddressGroup]
    services: Mapping[str, Service]
    service_groups: Mapping[str, tuple[str, ...]]
    zones: Mapping[str, tuple[str, ...]]
    open_zones: frozenset[str]
    """Zones inside which traffic passes without a rule."""
    intrazone_permits: bool
    interzone_permits: bool
    loose_addresses: frozenset[str]
    """Objects with a finding that says the library did not read them exactly."""
    loose_services: frozenset[str]
    predefined: frozenset[str]
    """Services and groups that the platform itself defines under the names that its configurations use."""
    notes: tuple[str, ...]
    """Codes of the notes for the whole policy with severity APPROX or above, sorted."""


_PREDEFINING = frozenset({"fortios", "junos", "panos"})
"""Platforms with services of their own; what the library calls built in elsewhere are names that it made."""

_READERS: Mapping[str, Callable[..., model.Policy]] = MappingProxyType(
    {
        "asa": asa.parse,
        "fortios": fortios.parse,
        "ios": ios.parse,
        "junos": junos.parse,
        "opnsense": opnsense.parse,
        "panos": panos.parse,
        "pfsense": pfsense.parse,
    }
)


def read(platform: str, text: str, **options: str) -> Reading:
    """Return what the library makes of a configuration.

    Args:
        platform: asa, fortios, ios, junos, opnsense, panos or pfsense.
        text: the configuration.
        options: arguments of the library's reader, such as `vdom`.

    Raises:
        ParseError: the library refused it, or failed.
    """
    said = report.Report()

    def call() -> model.Policy:
        policy = _READERS[platform](text.encode(), said, **options)
        origins = [rule.origin for rule in policy.rules]
        for rule in policy.rules:
            rule.origin = ""  # the library counts each of them in all of them; they are unique where it makes them
        transform.harden(policy, said)
        for rule, origin in zip(policy.rules, origins, strict=True):
            rule.origin = origin
        return policy

    return _reading(guarded(call), said)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class IptablesRule:
    """One `-A` line of iptables as the library read it; empty text and None stand for no such condition."""

    src: str
    src_negated: bool
    dst: str
    dst_negated: bool
    protocol: str
    dports: str
    sports: str
    icmp_type: int | None
    icmp_code: int | None
    target: str
    is_goto: bool
    options: Mapping[str, str]
    unsupported: tuple[str, ...]


def iptables_rule(words: list[str], family: int) -> IptablesRule:
    """Return one rule of iptables.

    Args:
        words: the words of the line, `-A` and the chain first.
        family: 4 or 6.

    Raises:
        ParseError: the library failed.
    """
    spec = guarded(lambda: iptables.parse_rule(words, 1, family))
    return IptablesRule(
        src=spec.src,
        src_negated=spec.src_negated,
        dst=spec.dst,
        dst_negated=spec.dst_negated,
        protocol=spec.proto,
        dports=spec.dports,
        sports=spec.sports,
        icmp_type=spec.icmp_type,
        icmp_code=spec.icmp_code,
        target=spec.target,
        is_goto=spec.goto,
        options=MappingProxyType(dict(spec.args)),
        unsupported=tuple(spec.unsupported),
    )


def panos_xml(text: str) -> str:
    """Return the XML that `set` commands of PAN-OS stand for.

    Raises:
        ParseError: a command cannot be read, or there is one that does not set anything.
    """
    said = report.Report()
    found = guarded(lambda: panos_set.to_xml(text.encode(), said))
    if any(note.severity >= _APPROX for note in said.notes):
        raise ParseError(_one_line(next(note.message for note in said.notes if note.severity >= _APPROX)))
    return bytes(found).decode()


def guarded(call: Callable[[], Found]) -> Found:
    """Return what a call of the library returns.

    Raises:
        ParseError: it refused its input, or broke over it.
    """
    try:
        return call()
    except errors.FwshiftError as exc:
        raise ParseError(_one_line(str(exc))) from exc
    except (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as exc:
        # A library that stumbles over hostile text must not take its caller down with it.
        raise ParseError(f"the configuration cannot be read ({type(exc).__name__}: {_one_line(str(exc))})") from exc


def _one_line(text: str) -> str:
    # What it calls its option is an option of ours by another name.
    return " ".join(text.replace("--from ", "--platform ").split())[:200].rstrip(".")


def _reading(policy: model.Policy, said: report.Report) -> Reading:
    loose: dict[str, set[str]] = {}
    findings: dict[str, list[str]] = {}
    for (kind, name), item in said.items.items():
        codes = [finding.code for finding in item.findings if finding.severity >= _APPROX]
        if codes:
            loose.setdefault(kind, set()).add(name)
            findings.setdefault(name, []).extend(codes if kind == "rule" else [])
    return Reading(
        rules=tuple(_rule(rule, findings.get(rule.origin, ())) for rule in policy.rules),
        addresses=MappingProxyType({name: _address(one) for name, one in policy.addresses.items()}),
        address_groups=MappingProxyType(
            {
                name: AddressGroup(
                    members=tuple(group.members),
                    unknown=group.unsupported or ("dynamic group" if group.dynamic_filter else ""),
                )
                for name, group in policy.address_groups.items()
            }
        ),
        services=MappingProxyType({name: _service(one) for name, one in policy.services.items()}),
        service_groups=MappingProxyType({name: tuple(one.members) for name, one in policy.service_groups.items()}),
        zones=MappingProxyType({name: tuple(zone.interfaces) for name, zone in policy.zones.items()}),
        open_zones=frozenset(name for name, zone in policy.zones.items() if zone.intrazone_allow),
        intrazone_permits=policy.default_intrazone == model.Action.ALLOW,
        interzone_permits=policy.default_interzone == model.Action.ALLOW,
        loose_addresses=frozenset(loose.get("address", set()) | loose.get("address-group", set())),
        loose_services=frozenset(loose.get("service", set()) | loose.get("service-group", set())),
        predefined=frozenset(
            name
            for name, one in (*policy.services.items(), *policy.service_groups.items())
            if one.builtin in _PREDEFINING
        ),
        notes=tuple(sorted({note.code for note in said.notes if note.severity >= _APPROX})),
    )


def _rule(rule: model.Rule, findings: "tuple[str, ...] | list[str]") -> LibraryRule:
    done = [f"{key} {value}" for key, value in sorted({**rule.profiles, **rule.handling}.items())]
    log = [word for word, on in (("log start", rule.log_start), ("log end", rule.log_end)) if on]
    kind = [] if rule.action in (model.Action.ALLOW, model.Action.DROP) else [rule.action.value]
    return LibraryRule(
        name=rule.name,
        origin=rule.origin,
        ids=MappingProxyType(dict(rule.source_ids)),
        src_zones=tuple(rule.src_zones),
        dst_zones=tuple(rule.dst_zones),
        scope=rule.scope.value,
        sources=tuple(rule.sources),
        destinations=tuple(rule.destinations),
        services=tuple(rule.services),
        negate_source=rule.negate_source,
        negate_destination=rule.negate_destination,
        negate_service=rule.negate_service,
        applications=tuple(rule.applications),
        users=tuple(rule.users),
        url_categories=tuple(rule.url_categories),
        schedule=rule.schedule,
        permits=rule.action == model.Action.ALLOW,
        enabled=rule.enabled,
        unsupported=tuple(rule.unsupported),
        findings=tuple(sorted(set(findings))),
        nat_added=tuple(sorted(rule.nat_added)),
        handling="; ".join([*kind, *log, *done]),
    )


def _address(address: model.Address) -> Address:
    if address.kind in (model.AddressKind.NETWORK, model.AddressKind.RANGE):
        return Address(kind=AddressKind.STATIC, value=address.value)
    if address.kind == model.AddressKind.FQDN:
        return Address(kind=AddressKind.FQDN, value=address.value.lower(), family=address.fqdn_family)
    return Address(kind=AddressKind.UNKNOWN, value=f"{address.raw} {address.value}".strip())


def _service(service: model.Service) -> Service:
    entries = tuple(
        Entry(
            protocol=one.protocol.value,
            dst_ports=one.dst_ports,
            src_ports=one.src_ports,
            icmp_type=one.icmp_type,
            icmp_code=one.icmp_code,
            ip_protocol=one.ip_protocol,
        )
        for one in service.entries
    )
    return Service(entries=entries, unknown=service.unsupported or ("" if entries else "no protocol"))
