"""What murenger knows about Arista EOS.

Input: facts from Arista's command reference and from drivers. Output: `EOS`.
"""

import re

from murenger.dialects.definition import (
    DESCRIBED,
    URL_PASSWORD,
    Dialect,
    ManagementName,
    OrderedSection,
    Scheme,
    SecretPlace,
    Syntax,
    Verbatim,
    compiled,
)

# A value may follow the number or name of its encoding.
_ENCODING = r"(?:0|5|7|8a|sha512|\*) "
_VALUE = rf"(?:{_ENCODING})?(?!{_ENCODING})(?P<secret>\S+)"
_TYPE_7 = r"7 (?P<secret>\S+)"


def _place(name: str, line: str, *path: str, scheme: Scheme = Scheme.OPAQUE) -> SecretPlace:
    return SecretPlace(name=name, line=re.compile(line), path=compiled(*path), scheme=scheme)


EOS = Dialect(
    name="eos",
    syntax=Syntax.INDENT,
    indent="   ",
    network_os=("arista.eos.eos", "eos"),
    napalm_driver="eos",
    # `!!` starts a comment that the device stores with its section; a single `!` says nothing.
    comments=re.compile(r"!(?!!)"),
    verbatim=(
        Verbatim(start=re.compile(r"banner (?:motd|login|exec)"), end="EOF"),
        Verbatim(start=re.compile(r"action bash"), end="EOF"),
    ),
    end_marker="end",
    refused_header=re.compile(r"! Command: (?!show running-config(?: all)?(?: sanitized)?\s*$)", re.MULTILINE),
    garbage=re.compile(r"% |-+ ?\(?[Mm]ore\)?|\S+[>#] ?show |\{\"|<html"),
    hostname=re.compile(r"^hostname (?P<name>\S+)$", re.MULTILINE),
    attribution=re.compile(r"^! .* by (?P<who>\S+)", re.MULTILINE),
    ordered=(
        OrderedSection(
            path=compiled(r"(?:ip|ipv6|mac) access-list .*"),
            items=re.compile(r"(?:\d+ )?(?:permit|deny|remark|evaluate)\b.*"),
        ),
        OrderedSection(path=compiled(r"(?:ip|ipv6) prefix-list .*"), items=re.compile(r"seq \d+ .*")),
        OrderedSection(path=compiled(r"policy-map .*"), items=re.compile(r"(?:\d+ )?(?P<key>class .*)")),
        OrderedSection(path=compiled(r"(?:ip|ipv6) community-list .*"), items=re.compile(r"(?:permit|deny)\b.*")),
        OrderedSection(
            path=compiled(r"traffic-policies", r"traffic-policy .*"), items=re.compile(r"(?P<key>match .*)")
        ),
    ),
    position_number=re.compile(r"(?:seq )?\d+ "),
    keyed=re.compile(
        r"(?P<key>(?:no |default )?(?:"
        r"username \S+|interface \S+|vlan \S+|snmp-server (?:host|user|community) \S+|snmp-server \S+"
        r"|(?:tacacs|radius)-server (?:host \S+|\S+)|neighbor \S+ \S+|ip (?:route|host) \S+ ?\S*|ntp server \S+"
        r"|(?:ip|ipv6|mac) access-group \S+|aaa \S+ \S+|switchport \S+ ?\S*|ip \S+|logging \S+|\S+))"
    ),
    commentary=re.compile(r"description |(?:\d+ )?remark |!!"),
    inert=(
        compiled(r"banner "),
        compiled(r"(?:logging|ntp|lldp|clock|alias|transceiver|queue-monitor|hardware counter) "),
        compiled(r"snmp-server (?:location|contact|chassis-id) "),
    ),
    management=(
        compiled(r"management "),
        compiled(r"control-plane"),
        compiled(r"interface Management"),
        compiled(r"vrf "),
        compiled(r"ip(?:v6)? route vrf "),
    ),
    management_interface=(r"interface {name}$",),
    management_names=(
        ManagementName(
            line=re.compile(r"\b(?:ip|ipv6) access-(?:group|class) (?P<name>\S+)(?!\S| out)"),
            sections=((r"(?:ip|ipv6) access-list (?:standard )?{name}$",),),
            is_rule_list=True,
        ),
    ),
    secrets=(
        _place("secret", rf"^username (?P<key>\S+) .*?\bsecret {_VALUE}"),
        _place("secret", rf"^(?P<key>enable|aaa root) (?:password|secret) {_VALUE}"),
        _place("community", r"^snmp-server community (?P<secret>\S+)"),
        _place("community", r"^snmp-server host (?P<key>\S+).* version (?:1|2c) (?P<secret>\S+)"),
        _place("auth", r"^snmp-server user (?P<key>\S+ \S+) .*?\bauth \S+ (?P<secret>\S+)"),
        _place("priv", r"^snmp-server user (?P<key>\S+ \S+) .*?\bpriv \S+ (?P<secret>\S+)"),
        _place(
            "key",
            rf"^(?P<key>(?:tacacs|radius)-server(?: host \S+)?).*? key {_TYPE_7}",
            scheme=Scheme.TYPE_7,
        ),
        _place("key", rf"^(?P<key>(?:tacacs|radius)-server(?: host \S+)?).*? key {_VALUE}"),
        _place("password", rf"^neighbor (?P<key>\S+) password {_TYPE_7}", scheme=Scheme.TYPE_7),
        _place("key", rf"^ntp authentication-key (?P<key>\d+) \S+ {_VALUE}"),
        _place("message digest", rf"^(?P<key>.*message-digest-key \d+) \S+ {_VALUE}"),
        _place(
            "key",
            r"(?<!\S)(?P<key>(?:\S+-)?key(?:-string)?(?: [0-9A-Fa-f]+)?|password|passphrase|secret|shared-secret) "
            + _TYPE_7,
            scheme=Scheme.TYPE_7,
        ),
        _place(
            "key",
            r"\b(?P<key>(?:authentication|shared|pre-shared)-key|key-string|password|passphrase|secret)"
            rf" (?!\d+ \S){_VALUE}",
        ),
        _place("url password", URL_PASSWORD),
        # What no place above knows, but what is a hash or a type 7 text by its looks.
        SecretPlace(
            name="value",
            line=re.compile(r"(?P<secret>(?<!\S)\$[0-9a-z]{1,4}\$\S+|(?<= 7 )[0-9A-Fa-f]{6,}(?!\S))"),
            by_looks=True,
        ),
        _place("described", DESCRIBED),
    ),
    secret_hint=re.compile(r"(?i)password|passwd|passphrase|secret|token|key|community|snmp-server|psk|://|\$| 7 "),
)
