"""The names that access lists use for numbers: protocols, ports, ICMP messages.

Input: nothing. Output: tables; a name that is in none makes its entry opaque.
Source: the command references of Arista EOS and Cisco NX-OS; numbers by IANA.
"""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

IcmpNames = Mapping[str, tuple[int, int | None]]

_PROTOCOLS = {
    "ahp": 51, "eigrp": 88, "esp": 50, "gre": 47, "igmp": 2, "nos": 94, "ospf": 89, "pcp": 108, "pim": 103,
    "rsvp": 46, "sctp": 132, "tcp": 6, "udp": 17, "vrrp": 112,
}  # fmt: skip

_TCP = {
    "bgp": 179, "chargen": 19, "cmd": 514, "daytime": 13, "discard": 9, "domain": 53, "drip": 3949, "echo": 7,
    "exec": 512, "finger": 79, "ftp": 21, "ftp-data": 20, "gopher": 70, "hostname": 101, "ident": 113, "irc": 194,
    "klogin": 543, "kshell": 544, "login": 513, "lpd": 515, "nntp": 119, "pim-auto-rp": 496, "pop2": 109, "pop3": 110,
    "smtp": 25, "sunrpc": 111, "tacacs": 49, "talk": 517, "telnet": 23, "time": 37, "uucp": 540, "whois": 43,
    "www": 80,
}  # fmt: skip

_UDP = {
    "biff": 512, "bootpc": 68, "bootps": 67, "discard": 9, "dnsix": 195, "domain": 53, "echo": 7, "isakmp": 500,
    "mobile-ip": 434, "nameserver": 42, "netbios-dgm": 138, "netbios-ns": 137, "netbios-ss": 139,
    "non500-isakmp": 4500, "ntp": 123, "pim-auto-rp": 496, "rip": 520, "snmp": 161, "snmptrap": 162, "sunrpc": 111,
    "syslog": 514, "tacacs": 49, "talk": 517, "tftp": 69, "time": 37, "who": 513, "xdmcp": 177,
}  # fmt: skip

# EOS knows these for TCP and UDP alike and prints them in place of the number.
_EOS_BOTH = {
    "bftp": 152, "bgp": 179, "chargen": 19, "daytime": 13, "dhcpv6-client": 546, "dhcpv6-server": 547, "discard": 9,
    "domain": 53, "echo": 7, "finger": 79, "ftp": 21, "ftp-data": 20, "ftps": 990, "ftps-data": 989, "gopher": 70,
    "hostname": 101, "https": 443, "ident": 113, "imap": 143, "imap3": 220, "imaps": 993, "ipp": 631, "irc": 194,
    "isakmp": 500, "iso-tsap": 102, "kerberos": 88, "klogin": 543, "kshell": 544, "ldap": 389, "ldaps": 636,
    "ldp": 646, "lpd": 515, "microsoft-ds": 445, "msdp": 639, "netbios-dgm": 138, "netbios-ns": 137,
    "netbios-ss": 139, "nntp": 119, "nntps": 563, "non500-isakmp": 4500, "ntp": 123, "pim-auto-rp": 496, "pop2": 109,
    "pop3": 110, "pop3s": 995, "smtp": 25, "snmp": 161, "snmptrap": 162, "ssh": 22, "sunrpc": 111, "tacacs": 49,
    "talk": 517, "telnet": 23, "telnets": 992, "tftp": 69, "time": 37, "whois": 43, "www": 80, "xdmcp": 177,
}  # fmt: skip

_ICMP = {
    "administratively-prohibited": (3, 13), "alternate-address": (6, None), "conversion-error": (31, None),
    "dod-host-prohibited": (3, 10), "dod-net-prohibited": (3, 9), "echo": (8, None), "echo-reply": (0, None),
    "general-parameter-problem": (12, 0), "host-isolated": (3, 8), "host-precedence-unreachable": (3, 14),
    "host-redirect": (5, 1), "host-tos-redirect": (5, 3), "host-tos-unreachable": (3, 12), "host-unknown": (3, 7),
    "host-unreachable": (3, 1), "information-reply": (16, None), "information-request": (15, None),
    "mask-reply": (18, None), "mask-request": (17, None), "mobile-redirect": (32, None), "net-redirect": (5, 0),
    "net-tos-redirect": (5, 2), "net-tos-unreachable": (3, 11), "net-unreachable": (3, 0), "network-unknown": (3, 6),
    "no-room-for-option": (12, 2), "option-missing": (12, 1), "packet-too-big": (3, 4), "parameter-problem": (12, None),
    "port-unreachable": (3, 3), "precedence-unreachable": (3, 15), "protocol-unreachable": (3, 2),
    "reassembly-timeout": (11, 1), "redirect": (5, None), "router-advertisement": (9, None),
    "router-solicitation": (10, None), "source-quench": (4, None), "source-route-failed": (3, 5),
    "time-exceeded": (11, None), "timestamp-reply": (14, None), "timestamp-request": (13, None),
    "traceroute": (30, None), "ttl-exceeded": (11, 0), "unreachable": (3, None),
}  # fmt: skip

_ICMPV6 = {
    "beyond-scope": (1, 2), "destination-unreachable": (1, None), "echo-reply": (129, None),
    "echo-request": (128, None), "header": (4, 0), "hop-limit": (3, 0), "mld-query": (130, None),
    "mld-reduction": (132, None), "mld-report": (131, None), "nd-na": (136, None), "nd-ns": (135, None),
    "next-header": (4, 1), "no-admin": (1, 1), "no-route": (1, 0), "packet-too-big": (2, None),
    "parameter-option": (4, 2), "parameter-problem": (4, None), "port-unreachable": (1, 4),
    "reassembly-timeout": (3, 1), "redirect": (137, None), "router-advertisement": (134, None),
    "router-renumbering": (138, None), "router-solicitation": (133, None), "time-exceeded": (3, None),
    "unreachable": (1, None),
}  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """One vendor's names.

    Attributes:
        protocols: name -> number; those of ICMP and of "any" depend on the family and are not in it.
        tcp: names of TCP ports.
        udp: names of UDP ports.
        icmp: name -> (type, code or None for every code), IPv4.
        icmpv6: the same for IPv6.
        has_port_lists: True if `eq` and `neq` take several ports.
    """

    protocols: Mapping[str, int]
    tcp: Mapping[str, int]
    udp: Mapping[str, int]
    icmp: IcmpNames
    icmpv6: IcmpNames
    has_port_lists: bool = False


EOS = Vocabulary(
    protocols=MappingProxyType(_PROTOCOLS),
    tcp=MappingProxyType(_TCP | _EOS_BOTH),
    udp=MappingProxyType(_UDP | _EOS_BOTH),
    icmp=MappingProxyType(_ICMP),
    icmpv6=MappingProxyType(_ICMPV6),
    has_port_lists=True,
)
NXOS = Vocabulary(
    protocols=MappingProxyType(_PROTOCOLS),
    tcp=MappingProxyType(_TCP),
    udp=MappingProxyType(_UDP),
    icmp=MappingProxyType(_ICMP),
    icmpv6=MappingProxyType(_ICMPV6),
)
