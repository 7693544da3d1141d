"""Names: what a ruleset calls addresses and services, for reports.

Input: a document and what its rules were read with. Output: named addresses and services.
"""

from murenger.adapters.parsers.nftables import values
from murenger.adapters.parsers.nftables.document import Document
from murenger.adapters.parsers.nftables.expressions import Conditions
from murenger.adapters.parsers.nftables.slots import PORTED
from murenger.adapters.parsers.nftables.values import UnknownValueError
from murenger.semantics.intervals import ANY_PORT, IPV4, IPV6
from murenger.semantics.ir import L4, NamedAddresses, NamedService

_KINDS = {"ipv4_addr": (IPV4, values.IPV4_ADDRESS), "ipv6_addr": (IPV6, values.IPV6_ADDRESS)}


def addresses(document: Document, conditions: Conditions) -> tuple[NamedAddresses, ...]:
    """Return the sets of addresses whose elements are known; of two of one name, the first."""
    found: dict[tuple[str, int], NamedAddresses] = {}
    for table in document.tables.values():
        for name, (kind, said) in table.sets.items():
            declared = said.get("type")
            if kind != "set" or not isinstance(declared, str) or declared not in _KINDS:
                continue
            family, value_kind = _KINDS[declared]
            try:
                held = conditions.members(name, table, value_kind)
            except UnknownValueError:
                continue
            found.setdefault((name, family), NamedAddresses(name=name, family=family, addresses=held))
    return tuple(found.values())


def services(conditions: Conditions) -> tuple[NamedService, ...]:
    """Return the sets of destination ports that rules use, with the protocols that they are used for."""
    by_name: dict[str, list[L4]] = {}
    for (name, protocols), ports in conditions.services.items():
        by_name.setdefault(name, []).append(L4(PORTED if protocols is None else protocols, ANY_PORT, ports))
    return tuple(NamedService(name=name, l4=tuple(l4)) for name, l4 in by_name.items())
