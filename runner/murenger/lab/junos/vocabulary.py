"""What `grammar.py` is written with: words that operators may choose, and functions that build its statements.

Input: nothing. Output: slots, rules, and the applications that exist without being configured.
"""

import ipaddress
import re

from murenger.lab.junos.schema import Kind, Pattern, Rule, Slot


def matching(label: str, pattern: str) -> Slot:
    """Return a place for words that match a whole regular expression."""
    return Slot(label=label, accepts=lambda word: re.fullmatch(pattern, word) is not None)


def number(label: str, low: int, high: int) -> Slot:
    """Return a place for a whole number, bounds included."""
    return Slot(label=label, accepts=lambda word: word.isascii() and word.isdigit() and low <= int(word) <= high)


def one_of(label: str, words: str) -> Slot:
    """Return a place for one of some words, given with blanks between them."""
    allowed = frozenset(words.split())
    return Slot(label=label, accepts=allowed.__contains__)


def _is_address(word: str) -> bool:
    try:
        ipaddress.ip_address(word)
    except ValueError:
        return False
    return True


def _is_prefix(word: str) -> bool:
    try:
        ipaddress.ip_interface(word)
    except ValueError:
        return False
    # The library also takes netmasks; the device takes lengths alone.
    return word.rpartition("/")[2].isdigit() and "/" in word


_IFD = r"(?:(?:ge|xe|et|fe)-\d+/\d+/\d+|fxp\d+|lo0|irb|st0|reth\d+|ae\d+)"
NAME = matching("name", r"[A-Za-z0-9_.:/@%+*~^=<>,\-]{1,255}")
TEXT = Slot(label="text", accepts=bool)
ADDRESS = Slot(label="address", accepts=_is_address)
PREFIX = Slot(label="prefix", accepts=_is_prefix)
ADDRESS_OR_PREFIX = Slot(label="prefix", accepts=lambda word: _is_address(word) or _is_prefix(word))
INTERFACE = matching("interface", _IFD)
UNIT_NAME = matching("interface.unit", _IFD + r"\.\d+")
PORT = matching("port", r"[a-z][a-z0-9-]*|\d{1,5}(?:-\d{1,5})?")
PROTOCOL = matching("protocol", r"tcp|udp|icmp6?|icmpv6|gre|esp|ah|ospf|pim|igmp|vrrp|sctp|\d{1,3}")
SEVERITY = one_of("severity", "any none emergency alert critical error warning notice info debug")
FACILITY = one_of(
    "facility",
    "any authorization change-log conflict-log daemon dfc external firewall ftp interactive-commands kernel ntp pfe "
    "security user",
)
HOST_SERVICE = one_of(
    "system-service",
    "all any-service dhcp dhcpv6 dns finger ftp http https ident-reset ike netconf ntp ping r2cp reverse-ssh rlogin "
    "rpm rsh snmp snmp-trap ssh telnet tftp traceroute webapi-clear-text webapi-ssl xnm-clear-text xnm-ssl",
)
HOST_PROTOCOL = one_of("protocol", "all bfd bgp dvmrp igmp ldp msdp ospf ospf3 pgm pim rip router-discovery rsvp vrrp")
PERMISSION = matching("permission", r"[a-z][a-z-]*")

_PREDEFINED = (
    "any junos-bgp junos-dhcp-client junos-dhcp-server junos-dns-tcp junos-dns-udp junos-ftp junos-http junos-https "
    "junos-icmp-all junos-icmp-ping junos-ike junos-imap junos-imaps junos-ldap junos-ms-sql junos-mysql junos-nfs "
    "junos-ntp junos-ospf junos-ping junos-pop3 junos-radius junos-radacct junos-rdp junos-sip junos-smb junos-smtp "
    "junos-smtps junos-snmp-get junos-snmp-trap junos-ssh junos-syslog junos-tacacs junos-tcp-any junos-telnet "
    "junos-tftp junos-traceroute junos-udp-any junos-vnc"
)
PREDEFINED_APPLICATIONS = frozenset(_PREDEFINED.split())


def block(
    *pattern: str | Slot,
    children: tuple[Rule, ...] = (),
    inline: bool = False,
    choice: str = "",
    presence: bool = False,
    in_name_order: bool = False,
    recursive: bool = False,
) -> Rule:
    """Return a statement that holds others, or nothing; the keywords are those of `Rule`."""
    return Rule(
        pattern=pattern,
        children=children,
        inline=inline,
        choice=choice,
        presence=presence,
        sorted=in_name_order,
        recursive=recursive,
    )


def flags(names: str, *, choice: str = "") -> tuple[Rule, ...]:
    """Return statements without content, one for each word, given with blanks between them."""
    return tuple(Rule(pattern=(name,), choice=choice) for name in names.split())


def leaf(name: str | Pattern, value: Slot = TEXT, *, secret: bool = False) -> Rule:
    """Return a statement with one value."""
    pattern = (name,) if isinstance(name, str) else name
    return Rule(pattern=pattern, kind=Kind.LEAF, value=value, secret=secret)


def values(name: str, value: Slot = NAME) -> Rule:
    """Return a statement with a list of values."""
    return Rule(pattern=(name,), kind=Kind.VALUES, value=value)


def names(slot: Slot, *, in_name_order: bool = False) -> Rule:
    """Return the entries of a list that hold nothing."""
    return block(slot, in_name_order=in_name_order)
