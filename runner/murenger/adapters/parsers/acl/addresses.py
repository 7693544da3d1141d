"""Addresses as access lists write them: hosts, prefixes, and wildcards with holes.

Input: words. Output: sets of addresses, or None where a word is no address.
"""

import functools
import ipaddress

from murenger.semantics.intervals import IPV4, IntervalSet, top_address

MAX_SPANS = 4_096
"""A wildcard that leaves more stretches of addresses than this is not spelt out."""
MAX_ALL_SPANS = 200_000
"""The same for all wildcards with holes of one configuration."""

_OCTETS = 4
_OCTET = 255
_BITS = 32


@functools.lru_cache(maxsize=65_536)
def address(text: str, family: int) -> int | None:
    """Return an address as an integer, or None."""
    if family == IPV4:
        return _ipv4(text)
    try:
        found = ipaddress.IPv6Address(text)
    except ValueError:
        return None
    return None if found.scope_id is not None else int(found)


def _ipv4(text: str) -> int | None:
    parts = text.split(".", _OCTETS)
    if len(parts) != _OCTETS:
        return None
    value = 0
    for part in parts:
        # A leading zero is octal to some and decimal to others.
        if not (part.isascii() and part.isdigit()) or len(part) > len(str(int(part[:4]))) or int(part) > _OCTET:
            return None
        value = value << 8 | int(part)
    return value


@functools.lru_cache(maxsize=65_536)
def prefix(text: str, family: int) -> IntervalSet | None:
    """Return the addresses of `address/length`, host bits ignored, or None."""
    base, slash, length = text.partition("/")
    bits = top_address(family).bit_length()
    if not slash or not (length.isascii() and length.isdigit()) or len(length) > len(str(bits)) or int(length) > bits:
        return None
    low = address(base, family)
    if low is None:
        return None
    size = 1 << (bits - int(length))
    low -= low % size
    return IntervalSet(((low, low + size - 1),))


@functools.lru_cache(maxsize=65_536)
def host(text: str, family: int) -> IntervalSet | None:
    """Return the set of one address, or None."""
    value = address(text, family)
    return None if value is None else IntervalSet(((value, value),))


class Wildcards:
    """Spells out wildcards with holes, up to a limit for one whole configuration."""

    def __init__(self) -> None:
        self._left = MAX_ALL_SPANS

    def spell(self, base: int, ignored: int) -> IntervalSet | None:
        """Return the IPv4 addresses that equal an address in every bit that is not ignored.

        Returns:
            The set, or None where it has more than `MAX_SPANS` stretches, or all of them more than `MAX_ALL_SPANS`.
        """
        low_bits = ((ignored + 1) & ~ignored).bit_length() - 1
        holes = [1 << bit for bit in range(low_bits, _BITS) if ignored >> bit & 1]
        count = 1 << len(holes)
        if count > 1:
            if count > min(MAX_SPANS, self._left):
                return None
            self._left -= count
        starts = [base & ~ignored]
        for hole in holes:
            starts += [start | hole for start in starts]
        return IntervalSet.of(*((start, start + (1 << low_bits) - 1) for start in starts))
