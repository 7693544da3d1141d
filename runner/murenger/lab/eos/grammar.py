"""Every configuration line that the emulated switch knows, as data: spelling, identity, place and effect.

Input: nothing. Output: the rules of each configuration mode, in the order in which the device prints them.
A line that no rule of its mode, or of a mode around it, explains is refused, as EOS refuses it.
"""

import dataclasses
import enum

ADDRESS_LIST_PROTOCOLS = "ip | ospf | vrrp | gre | pim | igmp | ahp | esp | <:protocol>"


class Kind(enum.Enum):
    """What entering a line does."""

    LINE = "it is stored in its slot, over what was there"
    SECTION = "it opens a mode with lines of its own"
    INVERSE = "its negation is what is stored: the device prints `no ...` where the setting is off"
    HEREDOC = "it takes lines of free text up to EOF"
    ENTRY = "it is a numbered entry of a list; without a number it goes to the end"
    ACTION = "it changes other lines and leaves none itself"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the grammar.

    Attributes:
        pattern: what the line looks like; see `patterns`.
        key: the slot it fills, with captures in braces; empty means the canonical line itself is its slot.
        kind: what entering it does.
        opens: name of the mode that a SECTION opens.
        negate: pattern after `no` where it differs from a beginning of `pattern`.
        spelling: how the device prints the line, from its captures; empty prints it as matched.
        absent: what the device prints where the slot is empty; empty prints nothing.
        group: lines of one group stand together; empty stands for the key's first word.
        sort: whether lines of this rule are printed by slot; otherwise in the order of entry.
    """

    pattern: str
    key: str = ""
    kind: Kind = Kind.LINE
    opens: str = ""
    negate: str = ""
    spelling: str = ""
    absent: str = ""
    group: str = ""
    sort: bool = True


def _section(pattern: str, opens: str) -> Rule:
    return Rule(pattern=pattern, kind=Kind.SECTION, opens=opens)


_LOGIN = "nopassword | secret <stored:hashed> | secret 0 <clear:word> | secret <clear:word>"
_KEY = "key 7 <:key7> | key 0 <clear:word> | key <clear:word>"

GLOBAL = (
    Rule(
        pattern="aaa root (nopassword | secret <stored:hashed> | secret <clear:word>)",
        key="aaa root",
        absent="no aaa root",
    ),
    Rule(
        pattern="enable (password | secret) (<stored:hashed> | 0 <clear:word> | <clear:word>)",
        key="enable password",
        negate="enable (password | secret)",
        spelling="enable password {stored}",
    ),
    Rule(
        pattern=f"username <name:name> [privilege <:privilege>] [role <:name>] ({_LOGIN})",
        key="username {name}",
    ),
    Rule(
        pattern="transceiver qsfp default-mode 4x10G",
        key="transceiver qsfp default-mode",
        absent="transceiver qsfp default-mode 4x10G",
    ),
    Rule(
        pattern="service routing protocols model (multi-agent | ribd)",
        key="service routing protocols model",
        absent="service routing protocols model multi-agent",
    ),
    Rule(pattern="logging buffered <:number>", key="logging buffered"),
    Rule(
        pattern="logging trap (alerts | critical | debugging | emergencies | errors | informational | notifications"
        " | warnings)",
        key="logging trap",
    ),
    Rule(pattern="logging host <name:host> [<:port>] [protocol (tcp | udp)]", key="logging host {name}"),
    Rule(pattern="logging source-interface <:interface>", key="logging source-interface"),
    Rule(pattern="hostname <:host>", key="hostname"),
    Rule(pattern="ip name-server [vrf default] <name:ip>", key="ip name-server {name}", group="hostname"),
    Rule(pattern="dns domain <:host>", key="dns domain", group="hostname"),
    Rule(pattern="ntp local-interface <:interface>", key="ntp local-interface"),
    Rule(pattern="ntp server <name:host> [prefer] [iburst]", key="ntp server {name}"),
    Rule(pattern=f"radius-server key ({_KEY.replace('key ', '')})", key="radius-server key", sort=False),
    Rule(pattern=f"radius-server host <name:host> [{_KEY}]", key="radius-server host {name}", sort=False),
    Rule(pattern=f"tacacs-server key ({_KEY.replace('key ', '')})", key="tacacs-server key", sort=False),
    Rule(pattern=f"tacacs-server host <name:host> [{_KEY}]", key="tacacs-server host {name}", sort=False),
    Rule(
        pattern="spanning-tree mode (mstp | rstp | rapid-pvst | none)",
        key="spanning-tree mode",
        absent="spanning-tree mode mstp",
    ),
    Rule(pattern="spanning-tree mst 0 priority <:number>", key="spanning-tree mst 0 priority"),
    Rule(pattern="snmp-server contact <:line>", key="snmp-server contact"),
    Rule(pattern="snmp-server location <:line>", key="snmp-server location"),
    Rule(
        pattern="snmp-server community <name:word> (ro | rw) [<:name>]",
        key="snmp-server community {name}",
    ),
    Rule(
        pattern="snmp-server host <name:host> version (1 | 2c) <:word>",
        key="snmp-server host {name}",
    ),
    Rule(pattern="aaa authentication login <which:login> <:line>", key="aaa authentication login {which}"),
    Rule(
        pattern="aaa authorization exec default <:line>",
        key="aaa authorization exec default",
    ),
    Rule(
        pattern="aaa authorization commands all default <:line>",
        key="aaa authorization commands all default",
    ),
    Rule(pattern="aaa accounting <what:word> default <:line>", key="aaa accounting {what} default"),
    Rule(pattern="clock timezone <:word>", key="clock timezone"),
    _section("vlan <id:vlan>", "vlan"),
    _section("interface <name:portchannel>", "ethernet"),
    _section("interface <name:ethernet>", "ethernet"),
    _section("interface <name:loopback>", "routed"),
    _section("interface <name:management>", "routed"),
    _section("interface <name:vlanif>", "routed"),
    _section("ip access-list standard <name:name>", "standard-acl"),
    _section("ip access-list <name:aclname>", "acl"),
    Rule(pattern="ip routing", key="ip routing", absent="no ip routing"),
    Rule(
        pattern="ip prefix-list <name:name> seq <seq:sequence> (permit | deny) <:network> [(eq | ge | le) <:number>]",
        key="ip prefix-list {name} seq {seq}",
    ),
    Rule(pattern="ip route <:network> (<:ip> | <:interface> | Null0) [<:number>]", group="ip route"),
    _section("router bgp <asn:asn>", "bgp"),
    Rule(pattern="banner login", key="banner login", kind=Kind.HEREDOC),
    Rule(pattern="banner motd", key="banner motd", kind=Kind.HEREDOC),
    _section("management api http-commands", "api"),
    _section("management ssh", "ssh"),
)

_DESCRIBED = (
    Rule(pattern="description <:line>", key="description"),
    Rule(pattern="shutdown", key="shutdown"),
    Rule(pattern="mtu <:mtu>", key="mtu"),
)

_ROUTED = (
    Rule(pattern="ip address <:address>", key="ip address"),
    Rule(
        pattern="ip access-group <:name> <way:direction>",
        key="ip access-group {way}",
        negate="ip access-group [<:name>] <way:direction>",
    ),
    Rule(pattern="ip helper-address <:ip>"),
)

ETHERNET = (
    *_DESCRIBED,
    Rule(pattern="switchport access vlan <:vlan>", key="switchport access vlan"),
    Rule(pattern="switchport trunk native vlan <:vlan>", key="switchport trunk native vlan"),
    Rule(pattern="switchport trunk allowed vlan <:vlans>", key="switchport trunk allowed vlan"),
    Rule(pattern="switchport mode (access | trunk)", key="switchport mode"),
    Rule(pattern="switchport", key="switchport", kind=Kind.INVERSE),
    Rule(pattern="channel-group <:number> mode (active | passive | on)", key="channel-group"),
    *_ROUTED,
    Rule(pattern="spanning-tree portfast", key="spanning-tree portfast"),
    Rule(pattern="spanning-tree bpduguard (enable | disable)", key="spanning-tree bpduguard"),
)

_NUMBERED = "[<seq:sequence>] "
_ACTION = "(permit | deny)"

_ACL_COMMON = (
    Rule(pattern="counters per-entry", key="counters per-entry"),
    Rule(pattern="resequence [<start:sequence> [<step:sequence>]]", kind=Kind.ACTION),
)

ACL = (
    *_ACL_COMMON,
    Rule(pattern=f"{_NUMBERED}remark <:line>", kind=Kind.ENTRY),
    Rule(
        pattern=f"{_NUMBERED}{_ACTION} tcp <:source> [<:ports>] <:source> [<:ports>] [established] [log]",
        kind=Kind.ENTRY,
    ),
    Rule(pattern=f"{_NUMBERED}{_ACTION} udp <:source> [<:ports>] <:source> [<:ports>] [log]", kind=Kind.ENTRY),
    Rule(
        pattern=f"{_NUMBERED}{_ACTION} icmp <:source> <:source> [(echo | echo-reply | unreachable | time-exceeded)]"
        " [log]",
        kind=Kind.ENTRY,
    ),
    Rule(pattern=f"{_NUMBERED}{_ACTION} ({ADDRESS_LIST_PROTOCOLS}) <:source> <:source> [log]", kind=Kind.ENTRY),
)

STANDARD_ACL = (
    *_ACL_COMMON,
    Rule(pattern=f"{_NUMBERED}remark <:line>", kind=Kind.ENTRY),
    Rule(pattern=f"{_NUMBERED}{_ACTION} <:source> [log]", kind=Kind.ENTRY),
)

_NEIGHBOR = "neighbor <peer:ip>"

BGP = (
    Rule(pattern="router-id <:ip>", key="router-id"),
    Rule(pattern="maximum-paths <:number>", key="maximum-paths"),
    Rule(pattern=f"{_NEIGHBOR} remote-as <:asn>", key="neighbor {peer} remote-as"),
    Rule(pattern=f"{_NEIGHBOR} description <:line>", key="neighbor {peer} description"),
    Rule(
        pattern=f"{_NEIGHBOR} password (7 <:key7> | 0 <clear:word> | <clear:word>)",
        key="neighbor {peer} password",
    ),
    Rule(pattern=f"{_NEIGHBOR} shutdown", key="neighbor {peer} shutdown"),
    Rule(pattern="network <:network>"),
    Rule(pattern="redistribute (connected | static)"),
)

_SERVICE_LIST = "ip access-group <name:name> [in]"
_NO_SERVICE_LIST = "ip access-group [<:name>] [in]"
_RUNNING = Rule(pattern="shutdown", key="shutdown", kind=Kind.INVERSE)

API = (
    Rule(pattern="protocol https", key="protocol https", kind=Kind.INVERSE),
    Rule(pattern="protocol http", key="protocol http"),
    _RUNNING,
    _section("vrf <name:name>", "api-vrf"),
)

SSH = (
    Rule(pattern="idle-timeout <:minutes>", key="idle-timeout"),
    Rule(
        pattern=_SERVICE_LIST,
        key="ip access-group",
        negate=_NO_SERVICE_LIST,
        spelling="ip access-group {name} in",
    ),
    Rule(pattern="shutdown", key="shutdown"),
)

MODES: dict[str, tuple[Rule, ...]] = {
    "global": GLOBAL,
    "vlan": (
        Rule(pattern="name <:word>", key="name"),
        Rule(pattern="state (active | suspend)", key="state"),
    ),
    "ethernet": ETHERNET,
    "routed": (*_DESCRIBED, *_ROUTED),
    "acl": ACL,
    "standard-acl": STANDARD_ACL,
    "bgp": BGP,
    "api": API,
    "api-vrf": (
        _RUNNING,
        Rule(pattern=_SERVICE_LIST, key="ip access-group", negate=_NO_SERVICE_LIST, spelling="ip access-group {name}"),
    ),
    "ssh": SSH,
}

# Ports that exist in hardware: their sections are always printed and can be reset but not removed.
PERMANENT = (*(f"interface Ethernet{number}" for number in range(1, 9)), "interface Management1")
