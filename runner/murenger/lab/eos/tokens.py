"""The kinds of word that EOS command lines are made of, each with its canonical spelling.

Input: the tokens of one command line and a place in it. Output: how many tokens belong to the value, and its spelling
as the device would print it. Everything that is not understood is refused, as the device refuses it.
"""

import dataclasses
import ipaddress
import re
from collections.abc import Callable

_SHA512 = re.compile(r"\$6\$(rounds=\d+\$)?[./0-9A-Za-z]{1,16}\$[./0-9A-Za-z]{86}")
_TYPE_7 = re.compile(r"(0\d|1[0-5])([0-9A-Fa-f]{2})+")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,253}[A-Za-z0-9])?")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,99}")
_VLANS = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*")
# What ends a line for somebody: no stored line may contain it.
_CONTROL = re.compile("[\x00\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")

ETHERNET_PORTS = 8
_MAX_PORT = 65_535
_MAX_VLAN = 4094
PORT_NAMES = {
    "ftp": 21,
    "ssh": 22,
    "telnet": 23,
    "smtp": 25,
    "tacacs": 49,
    "domain": 53,
    "www": 80,
    "ntp": 123,
    "snmp": 161,
    "snmptrap": 162,
    "bgp": 179,
    "https": 443,
    "syslog": 514,
}
_NAME_OF_PORT = {number: name for name, number in PORT_NAMES.items()}


class Words:
    """One command line, cut at blanks.

    Attributes:
        text: the line, without blanks at either end.
    """

    def __init__(self, text: str) -> None:
        self.text = text.strip(" \t")
        self._spans = [(m.start(), m.end()) for m in re.finditer(r"[^ \t]+", self.text)]

    def __len__(self) -> int:
        """Return the number of tokens."""
        return len(self._spans)

    def __getitem__(self, index: int) -> str:
        """Return one token."""
        start, end = self._spans[index]
        return self.text[start:end]

    def rest(self, index: int) -> str:
        """Return the line from a token on, inner blanks kept."""
        return self.text[self._spans[index][0] :]

    def after(self, index: int) -> "Words":
        """Return the line from a token on, cut again."""
        return Words(self.rest(index) if index < len(self) else "")


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """What a reader found: `used` tokens that make sense, and the canonical text, None where the value is refused."""

    used: int
    text: str | None


Reader = Callable[[Words, int], Found]
_REFUSED = Found(0, None)


def _one(check: Callable[[str], str | None]) -> Reader:
    def read(words: Words, index: int) -> Found:
        text = check(words[index])
        return _REFUSED if text is None else Found(1, text)

    return read


def _shaped(shape: re.Pattern[str]) -> Reader:
    return _one(lambda word: word if shape.fullmatch(word) else None)


def _number(low: int, high: int) -> Reader:
    return _one(lambda word: str(int(word)) if word.isascii() and word.isdigit() and low <= int(word) <= high else None)


def _ipv4(word: str) -> str | None:
    try:
        return str(ipaddress.IPv4Address(word))
    except ValueError:
        return None


def _network(word: str) -> str | None:
    if "/" not in word:
        return None
    try:
        return str(ipaddress.IPv4Network(word, strict=False))
    except ValueError:
        return None


def _interface_address(word: str) -> str | None:
    if "/" not in word:
        return None
    try:
        return str(ipaddress.IPv4Interface(word))
    except ValueError:
        return None


def _matched(network: str) -> str:
    """Return a network as an access list prints it."""
    parsed = ipaddress.IPv4Network(network)
    if parsed.prefixlen == 0:
        return "any"
    return f"host {parsed.network_address}" if parsed.prefixlen == parsed.max_prefixlen else str(parsed)


def _from_wildcard(address: str, wildcard: str) -> str | None:
    spelt = _ipv4(wildcard)
    if spelt is None:
        return None
    ignored = int(ipaddress.IPv4Address(spelt))
    if ignored & (ignored + 1):
        return None
    length = ipaddress.IPV4LENGTH - ignored.bit_length()
    return _matched(str(ipaddress.IPv4Network(f"{address}/{length}", strict=False)))


def _source(words: Words, index: int) -> Found:
    """Read `any`, `host A`, `A/len` or `A wildcard`."""
    word = words[index]
    if word == "any":
        return Found(1, "any")
    if word == "host":
        address = _ipv4(words[index + 1]) if index + 1 < len(words) else None
        return Found(1, None) if address is None else Found(2, f"host {address}")
    network = _network(word)
    if network is not None:
        return Found(1, _matched(network))
    if _ipv4(word) is None:
        return _REFUSED
    found = _from_wildcard(word, words[index + 1]) if index + 1 < len(words) else None
    return Found(1, None) if found is None else Found(2, found)


def _port(word: str) -> str | None:
    number = PORT_NAMES.get(word)
    if number is None and word.isascii() and word.isdigit() and int(word) <= _MAX_PORT:
        number = int(word)
    return None if number is None else _NAME_OF_PORT.get(number, str(number))


def _ports(words: Words, index: int) -> Found:
    """Read `eq P...`, `neq P`, `gt P`, `lt P` or `range P P`."""
    how = words[index]
    limit = {"eq": 10, "neq": 1, "gt": 1, "lt": 1, "range": 2}.get(how)
    if limit is None:
        return _REFUSED
    ports: list[str] = []
    for position in range(index + 1, min(index + 1 + limit, len(words))):
        port = _port(words[position])
        if port is None:
            break
        ports.append(port)
    complete = len(ports) == limit if how == "range" else bool(ports)
    return Found(1 + len(ports), " ".join([how, *ports]) if complete else None)


def _hashed(words: Words, index: int) -> Found:
    """Read `sha512 $6$...`."""
    if words[index] != "sha512":
        return _REFUSED
    known = index + 1 < len(words) and _SHA512.fullmatch(words[index + 1])
    return Found(2, f"sha512 {words[index + 1]}") if known else Found(1, None)


def _line(words: Words, index: int) -> Found:
    text = words.rest(index)
    return _REFUSED if _CONTROL.search(text) else Found(len(words) - index, text)


def _vlan_range(word: str) -> str | None:
    if word in {"none", "all"}:
        return word
    numbers = [int(number) for number in re.findall(r"\d+", word)]
    return word if _VLANS.fullmatch(word) and all(1 <= number <= _MAX_VLAN for number in numbers) else None


def _interface(kind: str, low: int, high: int) -> Reader:
    def check(word: str) -> str | None:
        number = word.removeprefix(kind)
        known = word.startswith(kind) and number.isascii() and number.isdigit() and low <= int(number) <= high
        return f"{kind}{int(number)}" if known else None

    return _one(check)


def _any_interface(words: Words, index: int) -> Found:
    for name in ("ethernet", "management", "loopback", "vlanif", "portchannel"):
        found = TYPES[name](words, index)
        if found.text is not None:
            return found
    return _REFUSED


TYPES: dict[str, Reader] = {
    "word": _one(lambda word: None if _CONTROL.search(word) else word),
    "line": _line,
    "name": _shaped(_NAME),
    "aclname": _one(lambda word: word if _NAME.fullmatch(word) and word != "standard" else None),
    "host": _shaped(_HOST),
    "ip": _one(_ipv4),
    "network": _one(_network),
    "address": _one(_interface_address),
    "source": _source,
    "ports": _ports,
    "vlans": _one(_vlan_range),
    "vlan": _number(1, _MAX_VLAN),
    "privilege": _number(0, 15),
    "sequence": _number(1, 4294967295),
    "protocol": _number(0, 255),
    "asn": _number(1, 4294967295),
    "mtu": _number(68, 9214),
    "minutes": _number(0, 35791),
    "number": _number(0, 4294967295),
    "port": _number(1, _MAX_PORT),
    "key7": _shaped(_TYPE_7),
    "hashed": _hashed,
    "login": _shaped(re.compile("default|console")),
    "direction": _shaped(re.compile("in|out")),
    "clock": _shaped(re.compile(r"([01]?\d|2[0-3]):[0-5]?\d:[0-5]?\d")),
    "file": _shaped(re.compile(r"flash:/?[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")),
    "ethernet": _interface("Ethernet", 1, ETHERNET_PORTS),
    "management": _interface("Management", 1, 1),
    "loopback": _interface("Loopback", 0, 2100),
    "vlanif": _interface("Vlan", 1, _MAX_VLAN),
    "portchannel": _interface("Port-Channel", 1, 2000),
    "interface": _any_interface,
}
