"""What a Junos configuration leaves out and the library wants said: zones, undefined names, and ports of applications.

Input: the statements of a configuration, perhaps policies alone. Output: statements that the library is given besides.

A policy may name a zone, an address or an application that the text does not define, as a bare list of policies does.
The zone is then a place of that name, and the address or application one whose content nobody can tell.
"""

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

from murenger.adapters.parsers.fwshift.srx_lines import Statement

_ZONE = ("security", "zones", "security-zone")
_BOOK = ("security", "address-book")
_SIDES = frozenset({"source-address", "destination-address"})
_ANY = frozenset({"any", "any-ipv4", "any-ipv6"})
_WITH_PORTS = frozenset({"tcp", "udp", "6", "17"})


@dataclasses.dataclass(frozen=True, slots=True)
class _Named:
    """What policies name: zones; addresses, each with the zone that it is looked for in; applications."""

    zones: dict[str, None]
    addresses: dict[tuple[str, str], None]
    applications: dict[str, None]


def supplied(found: Sequence[Statement]) -> list[str]:
    """Return statements that say what the library does not take for granted."""
    named = _named(found)
    books = _books(found)
    defined = {one.words[:3] for one in found if one.words[:1] == ("applications",)}
    missing = {name for zone, name in named.addresses if name not in books.get(zone, set()) | books.get("", set())}
    unknown = [
        name
        for name in named.applications
        if not name.startswith("junos-")
        and not {("applications", kind, name) for kind in ("application", "application-set")} & defined
    ]
    rows = [
        *((*_ZONE, zone) for zone in named.zones),
        # The library cannot read either of these, and says so of the name alone.
        *((*_BOOK, "global", "address", name, "wildcard-address", "undefined") for name in sorted(missing)),
        *(("applications", "application", name, "protocol", "undefined") for name in unknown),
        *_every_port(found),
    ]
    return [Statement(0, words, 0).text for words in rows]


def _named(found: Sequence[Statement]) -> _Named:
    named = _Named({}, {}, {})
    for one in found:
        if one.words[:2] != ("security", "policies"):
            continue
        pair = one.words[3:6:2] if one.words[2:3] == ("from-zone",) else ("", "")
        for before, word in itertools.pairwise(one.words):
            if before in {"from-zone", "to-zone"} and word != "any":
                named.zones.setdefault(word)
        _take_match(named, one.words, dict(zip(("source-address", "destination-address"), pair, strict=False)))
    return named


def _take_match(named: _Named, words: tuple[str, ...], zones: dict[str, str]) -> None:
    at = 8 if words[2:3] == ("from-zone",) else 5
    if words[at : at + 1] != ("match",):
        return
    for before, word in itertools.pairwise(words[at + 1 :]):
        if before in _SIDES and word not in _ANY:
            named.addresses.setdefault((zones.get(before, ""), word))
        elif before == "application" and word != "any":
            named.applications.setdefault(word)


def _books(found: Sequence[Statement]) -> dict[str, set[str]]:
    """Return the names that each zone's address book defines; those of the global one under ""."""
    books: dict[str, set[str]] = {}
    attached: dict[str, str] = {"": "global"}
    for one in found:
        words = one.words
        if words[:2] == _BOOK and words[3:4] in {("address",), ("address-set",)} and len(words) > 4:
            books.setdefault(words[2], set()).add(words[4])
        elif words[:2] == _BOOK and words[3:5] == ("attach", "zone") and len(words) > 5:
            attached[words[5]] = words[2]
        elif words[:3] == _ZONE and words[4:5] == ("address-book",) and len(words) > 6:
            books.setdefault(f"zone {words[3]}", set()).add(words[6])
            attached[words[3]] = f"zone {words[3]}"
    return {zone: books.get(book, set()) for zone, book in attached.items()}


def _every_port(found: Sequence[Statement]) -> Iterator[tuple[str, ...]]:
    """Yield the destination ports of applications that name a protocol with ports and leave them out: all of them."""
    terms: dict[tuple[str, ...], set[tuple[str, str]]] = {}
    for one in found:
        words = one.words
        if words[:2] != ("applications", "application") or len(words) < 5 or one.is_deactivation:
            continue
        at = 5 if words[3] == "term" else 3
        terms.setdefault(words[:at], set()).update(itertools.pairwise(words[at:]))
    for path, said in terms.items():
        protocols = {value.lower() for key, value in said if key == "protocol"}
        if protocols and protocols <= _WITH_PORTS and not any(key == "destination-port" for key, _ in said):
            yield (*path, "destination-port", "0-65535")
