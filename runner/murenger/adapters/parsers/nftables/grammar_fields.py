"""The grammar of nftables fields: what of a packet, of its connection or of the machine a rule looks at.

Input: the words of a statement and a position in them. Output: JSON as libnftables writes it, and the next position.

Source: nft(8) of nftables 1.0.6, sections "Primary expressions" and "Payload expressions".
"""

from types import MappingProxyType

from murenger.adapters.parsers.nftables.grammar_values import (
    BINARY,
    Found,
    NotUnderstoodError,
    chained,
    expect,
    integer,
    operated,
    value,
)
from murenger.model.json_value import JsonValue

_PORTS = "sport dport"
_HEADERS = MappingProxyType(
    {
        "ether": "saddr daddr type",
        "vlan": "id dei cfi pcp type",
        "arp": "htype ptype hlen plen operation",
        "ip": "version hdrlength dscp ecn length id frag-off ttl protocol checksum saddr daddr",
        "ip6": "version dscp ecn flowlabel length nexthdr hoplimit saddr daddr",
        "icmp": "type code checksum id sequence gateway mtu",
        "igmp": "type checksum mrt group",
        "icmpv6": "type code checksum parameter-problem packet-too-big mtu id sequence max-delay taddr daddr",
        "tcp": f"{_PORTS} sequence ackseq doff reserved flags window checksum urgptr",
        "udp": f"{_PORTS} length checksum",
        "udplite": f"{_PORTS} csumcov checksum",
        "dccp": f"{_PORTS} type",
        "sctp": f"{_PORTS} vtag checksum",
        "th": _PORTS,
        "ah": "nexthdr hdrlength reserved spi sequence",
        "esp": "spi sequence",
        "comp": "nexthdr flags cpi",
    }
)
_META = (
    "length protocol nfproto l4proto priority mark iif iifname iiftype oif oifname oiftype skuid skgid nftrace "
    "rtclassid ibrname obrname pkttype cpu iifgroup oifgroup cgroup random ipsec iifkind oifkind ibrpvid ibrvproto "
    "ibrhwaddr time day hour secmark sdif sdifname broute"
)
_BARE_META = ("iif", "oif", "iifname", "oifname", "iifgroup", "oifgroup", "skuid", "skgid", "pkttype", "cgroup")
_CONNECTION = (
    "state direction status mark expiration helper label l3proto saddr daddr protocol proto-src proto-dst bytes "
    "packets avgpkt zone event secmark id"
)
_EXTENSIONS = MappingProxyType(
    {
        "hbh": "nexthdr hdrlength",
        "rt": "nexthdr hdrlength type seg-left",
        "rt0": "reserved addr[1]",
        "rt2": "reserved addr",
        "srh": "last-entry flags tag sid[1] seg-left",
        "frag": "nexthdr reserved frag-off reserved2 more-fragments id",
        "dst": "nexthdr hdrlength",
        "mh": "nexthdr hdrlength type reserved checksum",
    }
)
_CHUNKS = (
    "data init init-ack sack heartbeat heartbeat-ack abort shutdown shutdown-ack error cookie-echo cookie-ack "
    "ecne cwr shutdown-complete asconf-ack forward-tsn asconf"
)
_CHUNK_FIELDS = (
    "type flags length tsn stream ssn ppid init-tag a-rwnd num-outbound-streams num-inbound-streams "
    "initial-tsn cum-tsn-ack num-gap-ack-blocks num-dup-tsns lowest-tsn seqno new-cum-tsn"
)
_OPTIONS = MappingProxyType(
    {
        "tcp option": (
            "eol nop maxseg window sack-perm sack sack0 sack1 sack2 sack3 timestamp fastopen md5sig mptcp",
            "kind length size count left right tsval tsecr subtype",
        ),
        "ip option": ("lsrr rr ssrr ra", "type length ptr addr value"),
        "sctp chunk": (_CHUNKS, _CHUNK_FIELDS),
    }
)
_OPTION_WORDS = MappingProxyType(
    {name: tuple(frozenset(part.split()) for part in parts) for name, parts in _OPTIONS.items()}
)
_DIRECTIONS = ("original", "reply")
_ADDRESSES = ("saddr", "daddr")


def _headers() -> dict[str, dict[str, JsonValue]]:
    found: dict[str, dict[str, JsonValue]] = {
        protocol: {field: {"payload": {"protocol": protocol, "field": field}} for field in fields.split()}
        for protocol, fields in _HEADERS.items()
    }
    for protocol, fields in _EXTENSIONS.items():
        found[protocol] = {field: {"exthdr": {"name": protocol, "field": field}} for field in fields.split()}
    found["meta"] = {key: {"meta": {"key": key}} for key in _META.split()}
    found["ct"] = {key: {"ct": {"key": key}} for key in _CONNECTION.split()}
    found["rt"] |= {key: {"rt": {"key": key}} for key in ("classid", "mtu", "ipsec", "nexthop")}
    found["exthdr"] = {name: {"exthdr": {"name": name}} for name in _EXTENSIONS}
    found["socket"] = {key: {"socket": {"key": key}} for key in ("transparent", "mark", "wildcard")}
    found["osf"] = {key: {"osf": {"key": key}} for key in ("name", "version")}
    return found


FIELDS = MappingProxyType(_headers())
"""Header, or other kind of thing -> its fields -> their JSON."""

BARE_FIELDS = MappingProxyType({key: FIELDS["meta"][key] for key in _BARE_META})
"""Fields that are named without saying of what."""

BIT_FIELDS = frozenset({("ct", "state"), ("ct", "status"), ("ct", "label"), ("ct", "event"), ("tcp", "flags")})
"""Fields that hold several values at once: held against one, they match if they hold it among others."""

DURATIONS = frozenset({("ct", "expiration")})
NAMES = frozenset({("meta", "rtclassid"), ("rt", "classid"), ("meta", "priority")})
"""Fields whose numbers libnftables writes as text."""

_TYPES = MappingProxyType(
    {
        "ip saddr": "ipv4_addr",
        "ip daddr": "ipv4_addr",
        "ip6 saddr": "ipv6_addr",
        "ip6 daddr": "ipv6_addr",
        "ip protocol": "inet_proto",
        "ip6 nexthdr": "inet_proto",
        "meta l4proto": "inet_proto",
        "meta nfproto": "nf_proto",
        "meta mark": "mark",
        "ct mark": "mark",
        "ct state": "ct_state",
        "ct status": "ct_status",
        "iif": "iface_index",
        "oif": "iface_index",
        "iifname": "ifname",
        "oifname": "ifname",
        "meta iifname": "ifname",
        "meta oifname": "ifname",
        "meta iif": "iface_index",
        "meta oif": "iface_index",
        "icmp type": "icmp_type",
        "icmp code": "icmp_code",
        "icmpv6 type": "icmpv6_type",
        "icmpv6 code": "icmpv6_code",
        "tcp flags": "tcp_flag",
        "ether saddr": "ether_addr",
        "ether daddr": "ether_addr",
        "ether type": "ether_type",
        "ct original ip saddr": "ipv4_addr",
        "ct original ip daddr": "ipv4_addr",
        "ct reply ip saddr": "ipv4_addr",
        "ct reply ip daddr": "ipv4_addr",
        "ct original ip6 saddr": "ipv6_addr",
        "ct original ip6 daddr": "ipv6_addr",
        "ct original proto-src": "inet_service",
        "ct original proto-dst": "inet_service",
    }
)


def data_type(field: str) -> str:
    """Return the type of a field that a set is declared with, or `typeof FIELD` where it is not known here."""
    protocol, _, name = field.partition(" ")
    if name in _PORTS.split() and protocol in FIELDS:
        return "inet_service"
    return _TYPES.get(field, f"typeof {field}")


def field(words: list[str], i: int) -> Found:
    """Read one field.

    Raises:
        NotUnderstoodError: no field of this grammar is here.
    """
    word, second = words[i], words[i + 1]
    known = FIELDS.get(word)
    if known is not None:
        found = known.get(second)
        if found is not None:
            return found, i + 2
        return _two_words(words, i)
    bare = BARE_FIELDS.get(word)
    if bare is not None:
        return bare, i + 1
    rare = _RARE.get(word)
    if rare is not None:
        return rare(words, i)
    if word.startswith("@"):
        return _raw(words, i)
    raise NotUnderstoodError


def is_field(words: list[str], i: int) -> bool:
    """True if a field begins here rather than a value."""
    known = FIELDS.get(words[i])
    if known is not None:
        return words[i + 1] in known or words[i + 1] in {*_DIRECTIONS, "option", "chunk"}
    return words[i] in BARE_FIELDS or words[i] in _RARE


def left_side(words: list[str], i: int) -> Found:
    """Read a field, or a concatenation or bitwise expression that begins with one."""
    found, i = field(words, i)
    if words[i] == ".":
        parts = [found]
        while words[i] == ".":
            found, i = field(words, i + 1)
            parts.append(found)
        return {"concat": parts}, i
    return operated(found, words, i) if words[i] in BINARY else (found, i)


def expression(words: list[str], i: int) -> Found:
    """Read what is computed when a packet comes: a field or a value, and what is done with it."""
    if words[i] == "(":
        found, i = expression(words, i + 1)
        i = expect(words, i, ")")
        return operated(found, words, i) if words[i] in BINARY else (found, i)
    return left_side(words, i) if is_field(words, i) else chained(words, i)


def _two_words(words: list[str], i: int) -> Found:
    word, second, third = words[i], words[i + 1], words[i + 2]
    option = _OPTION_WORDS.get(f"{word} {second}")
    if option is not None:
        return _option(words, i, *option)
    if word == "ct" and second in _DIRECTIONS:
        return _directed(words, i)
    if word == "arp" and second in _ADDRESSES and third in {"ip", "ether"}:
        return {"payload": {"protocol": "arp", "field": f"{second} {third}"}}, i + 3
    if word == "rt" and second in {"ip", "ip6"} and third == "nexthop":
        return {"rt": {"key": third, "family": second}}, i + 3
    if word == "osf" and second == "ttl" and words[i + 3] in {"name", "version"}:
        return {"osf": {"key": words[i + 3], "ttl": third}}, i + 4
    raise NotUnderstoodError


def _directed(words: list[str], i: int) -> Found:
    direction, key = words[i + 1], words[i + 2]
    i += 3
    if key in {"ip", "ip6"} and words[i] in _ADDRESSES:
        key, i = f"{key} {words[i]}", i + 1
    elif key not in FIELDS["ct"]:
        raise NotUnderstoodError
    return {"ct": {"key": key, "dir": direction}}, i


def _option(words: list[str], i: int, names: frozenset[str], fields: frozenset[str]) -> Found:
    kind, name, field_name = f"{words[i]} {words[i + 1]}", words[i + 2], words[i + 3]
    if name not in names:
        raise NotUnderstoodError
    if field_name in fields:
        return {kind: {"name": name, "field": field_name}}, i + 4
    return {kind: {"name": name}}, i + 3


def _raw(words: list[str], i: int) -> Found:
    base = words[i][1:]
    if base not in {"ll", "nh", "th", "ih"} or words[i + 1] != "," or words[i + 3] != ",":
        raise NotUnderstoodError
    return {"payload": {"base": base, "offset": integer(words[i + 2]), "len": integer(words[i + 4])}}, i + 5


def _fib(words: list[str], i: int) -> Found:
    flags: list[JsonValue] = [words[i + 1]]
    i += 2
    while words[i] == ".":
        flags.append(words[i + 1])
        i += 2
    if words[i] not in {"oif", "oifname", "type"} or not {*flags} <= {"saddr", "daddr", "mark", "iif", "oif"}:
        raise NotUnderstoodError
    return {"fib": {"result": words[i], "flags": flags}}, i + 1


def _number_generator(words: list[str], i: int) -> Found:
    mode, i = words[i + 1], expect(words, i + 2, "mod")
    if mode not in {"inc", "random"}:
        raise NotUnderstoodError
    said: dict[str, JsonValue] = {"mode": mode, "mod": integer(words[i]), "offset": 0}
    i += 1
    if words[i] == "offset":
        said["offset"] = integer(words[i + 1])
        i += 2
    return {"numgen": said}, i


def _hash(words: list[str], i: int) -> Found:
    name = words[i]
    i += 1
    said: dict[str, JsonValue] = {}
    if name == "jhash":
        if words[i] == name:
            raise NotUnderstoodError
        said["expr"], i = left_side(words, i)
    i = expect(words, i, "mod")
    said["mod"] = integer(words[i])
    i += 1
    if words[i] == "seed":
        said["seed"] = value(words[i + 1])
        i += 2
    if words[i] == "offset":
        said["offset"] = integer(words[i + 1])
        i += 2
    return {name: said}, i


def _ipsec(words: list[str], i: int) -> Found:
    direction = words[i + 1]
    i += 2
    said: dict[str, JsonValue] = {"dir": direction, "spnum": 0}
    if direction not in {"in", "out"}:
        raise NotUnderstoodError
    if words[i] == "spnum":
        said["spnum"] = integer(words[i + 1])
        i += 2
    if words[i] in {"ip", "ip6"} and words[i + 1] in _ADDRESSES:
        return {"ipsec": {**said, "key": words[i + 1], "family": words[i]}}, i + 2
    if words[i] not in {"reqid", "spi"}:
        raise NotUnderstoodError
    return {"ipsec": {**said, "key": words[i]}}, i + 1


_RARE = MappingProxyType({"fib": _fib, "numgen": _number_generator, "jhash": _hash, "symhash": _hash, "ipsec": _ipsec})
