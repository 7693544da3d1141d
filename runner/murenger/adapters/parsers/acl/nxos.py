"""Parser of Cisco NX-OS: access lists, object groups, where lists are bound, and the rest as residue.

Input: a running configuration. Output: its rules.

What is known and what is not: a list that is bound to an interface filters what comes in there, whether for the
switch or through it, or what leaves there. Neighbour discovery that no entry of an IPv6 list matches is permitted by
some releases and denied by others: unknown. So is what an empty or undefined list does.
Source: Cisco Nexus 7000 and 9000 Series NX-OS Security Configuration Guides, "Implicit Rules for IP and MAC ACLs".
"""

import re
from collections.abc import Sequence

from murenger.adapters.parsers.acl.addresses import Wildcards, address, host, prefix
from murenger.adapters.parsers.acl.grammar import Box, Groups, port_set
from murenger.adapters.parsers.acl.scan import AclParser, GroupLines, Writing
from murenger.adapters.parsers.acl.vocabulary import NXOS
from murenger.adapters.parsers.sections import FreeText, Line, digest_of
from murenger.model.packet import ICMPV6
from murenger.semantics.intervals import ANY_IPV6, ANY_PORT, IPV4, IPV6, MAX_PORT, IntervalSet
from murenger.semantics.ir import L4, OpaqueKey
from murenger.semantics.parser import RuleParser

_GROUP = re.compile(r"object-group (?P<ip>ip|ipv6) (?P<what>address|port) (?P<name>\S{1,200})")
_NUMBERED = re.compile(r"(?:\d+ )?(?P<rest>.+)")
_PORTS = re.compile(r"(?P<how>eq|neq|gt|lt|range) (?P<low>\d{1,5})(?: (?P<high>\d{1,5}))?")

# Router solicitation and advertisement, neighbour solicitation and advertisement.
_DISCOVERY = IntervalSet(((133, 136),))
_RELEASE = OpaqueKey(
    "release",
    digest_of("nxos", "implicit neighbour discovery"),
    "the release permits neighbour discovery that no entry matches",
)
_IMPLICIT = Box(ANY_IPV6, ANY_IPV6, (L4(IntervalSet.single(ICMPV6), _DISCOVERY, ANY_PORT),), opaque=((_RELEASE, True),))


def _groups(lines: Sequence[Line]) -> tuple[Groups, GroupLines]:
    """Read every object group; one with a member that is not understood holds nobody knows what."""
    found: dict[tuple[str, int, str], IntervalSet | None] = {}
    members: dict[tuple[str, int, str], list[tuple[int, int]]] = {}
    numbers: dict[tuple[str, int, str], list[int]] = {}
    spoilt: set[tuple[str, int, str]] = set()
    wildcards = Wildcards()
    for line in lines:
        match = _GROUP.fullmatch(line.path[0] if line.path else line.text)
        if match is None:
            continue
        family = 0 if match["what"] == "port" else IPV4 if match["ip"] == "ip" else IPV6
        key = ("addrgroup" if family else "portgroup", family, match["name"])
        spans = members.setdefault(key, [])
        numbers.setdefault(key, []).append(line.number)
        if line.path:
            member = _member(line.text, family, wildcards) if len(line.path) == 1 else None
            if member is None:
                spoilt.add(key)
            else:
                spans += member.spans
    for key, spans in members.items():
        found[key] = None if key in spoilt else IntervalSet.of(*spans)
    return found, numbers


def _member(text: str, family: int, wildcards: Wildcards) -> IntervalSet | None:
    match = _NUMBERED.fullmatch(text)
    rest = match["rest"] if match else text
    if not family:
        return _port_member(rest)
    words = rest.split(" ")
    if len(words) == 1:
        return prefix(words[0], family)
    if len(words) != 2:
        return None
    if words[0] == "host":
        return host(words[1], family)
    base, mask = address(words[0], family), address(words[1], family)
    if family != IPV4 or base is None or mask is None:
        return None
    return wildcards.spell(base, mask)


def _port_member(text: str) -> IntervalSet | None:
    match = _PORTS.fullmatch(text)
    if match is None or (match["high"] is None) is (match["how"] == "range"):
        return None
    ports = [int(port) for port in (match["low"], match["high"]) if port is not None]
    return None if max(ports) > MAX_PORT else port_set(match["how"], ports)


WRITING = Writing(
    platform="nxos",
    vocabulary=NXOS,
    comments=re.compile("!"),
    # The delimiter is whatever stands first; without a second one in the line the text goes on.
    free_texts=(FreeText(start=re.compile(r"banner \w+ (?P<end>\S)(?:(?!(?P=end)).)*")),),
    bindings=re.compile(
        r"(?P<ip>ip|ipv6) (?:port )?(?:access-group|traffic-filter) (?P<name>\S{1,200}) (?P<way>in|out)"
    ),
    foreign=re.compile(r"mac (?:port )?access-group \S+(?: (?P<way>in|out))?"),
    control_plane=frozenset(),
    harmless_in_list=re.compile(r"(?:\d+ )?remark(?: |$)|(?:no )?statistics per-entry$"),
    residue_in_list=re.compile(r"(?:no )?(?:fragments (?:permit|deny)-all|ignore routable)$"),
    groups=_groups,
    vlan_filter=re.compile(r"vlan filter \S+ vlan-list (?P<vlans>[\d,-]+)"),
    implicit_ipv6=(_IMPLICIT,),
)


def parser(platform: str) -> RuleParser:
    """Return the parser.

    Args:
        platform: nxos.
    """
    del platform
    return AclParser(WRITING)
