"""Addresses of firewall filters: prefixes, `except`, and prefix lists, the longest match deciding.

Input: prefixes as they are written, and prefix lists by name. Output: a set of addresses, or None where a prefix or a
list is not understood.
Source: Juniper, Routing Policies, Firewall Filters, and Traffic Policers User Guide, "Firewall Filter Match
Conditions Based on Address Fields": the order does not matter, the longest match decides, and each list ends with an
implicit `0/0 except`.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from murenger.adapters.parsers.acl.addresses import Wildcards, address, host, prefix
from murenger.semantics.intervals import ANY_IPV4, IPV4, IPV6, NOTHING, IntervalSet

_ANY_LENGTH = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Prefix:
    """One prefix of a list.

    Attributes:
        family: 4 or 6.
        addresses: what it holds.
        length: its length in bits, or None of a mask with holes.
    """

    family: int
    addresses: IntervalSet
    length: int | None


PrefixLists = Mapping[str, Sequence[Prefix] | None]
"""Name -> prefixes, or None where one of them is not understood."""


def read_prefix(text: str, wildcards: Wildcards) -> Prefix | None:
    """Return a prefix, an address as one of full length, or None.

    Args:
        text: as it is written.
        wildcards: spells out masks with holes of this configuration.
    """
    family = IPV6 if ":" in text else IPV4
    base, slash, length = text.partition("/")
    if not slash:
        found = host(text, family)
        return None if found is None else Prefix(family, found, 32 if family == IPV4 else 128)
    found = prefix(text, family)
    if found is not None:
        return Prefix(family, found, int(length))
    low, mask = address(base, IPV4), address(length, IPV4)
    if family != IPV4 or low is None or mask is None:
        return None
    spans = wildcards.spell(low, mask ^ ANY_IPV4.spans[0][1])
    return None if spans is None else Prefix(family, spans, None)


def matched(family: int, wanted: Iterable[Prefix], excepted: Iterable[Prefix]) -> IntervalSet | None:
    """Return the addresses that some prefixes match, the longest prefix deciding.

    Args:
        family: 4 or 6; prefixes of the other family say nothing.
        wanted: what matches.
        excepted: what does not.

    Returns:
        The set, or None where one prefix is both, or a mask with holes has no length to compare.
    """
    ours = [one for one in wanted if one.family == family]
    less = [one for one in excepted if one.family == family]
    if not less:
        return IntervalSet.of(*(span for one in ours for span in one.addresses.spans))
    if any(one.length is None for one in (*ours, *less)) or {one.addresses for one in ours} & {
        one.addresses for one in less
    }:
        return None
    found = NOTHING
    for length in sorted({one.length or _ANY_LENGTH for one in (*ours, *less)}):
        found = (found | _of_length(ours, length)) - _of_length(less, length)
    return found


def _of_length(prefixes: Iterable[Prefix], length: int) -> IntervalSet:
    same = (span for one in prefixes if one.length == length for span in one.addresses.spans)
    return IntervalSet.of(*same)
