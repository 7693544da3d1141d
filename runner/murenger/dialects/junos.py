"""What murenger knows about Juniper Junos, SRX included.

Input: facts from Juniper's documentation and from drivers. Output: `JUNOS`.
"""

import re

from murenger.dialects.definition import (
    DESCRIBED,
    URL_PASSWORD,
    Dialect,
    ManagementName,
    OrderedSection,
    SecretPlace,
    Syntax,
    compiled,
)

# Quotes stay in place around a placeholder, so that the text keeps its shape.
_VALUE = r'"?(?P<secret>(?<=")(?:[^"\\]|\\.)*|[^\s";]+)'


def _place(name: str, line: str, *path: str) -> SecretPlace:
    return SecretPlace(name=name, line=re.compile(line), path=compiled(*path))


def _ordered(items: str, *path: str) -> OrderedSection:
    return OrderedSection(
        path=compiled(*path), items=re.compile(rf"(?:inactive: |protect: )*(?P<key>{items})", re.DOTALL)
    )


_BY_LOOKS = SecretPlace(
    name="value",
    line=re.compile(r'"(?P<secret>\$[0-9a-z]{1,2}\$[^"]*|-----BEGIN [A-Z ]*PRIVATE KEY[^"]*)"'),
    by_looks=True,
)

JUNOS = Dialect(
    name="junos",
    syntax=Syntax.BRACES_JUNOS,
    indent="    ",
    network_os=("junipernetworks.junos.junos", "juniper.device.junos", "junos"),
    napalm_driver="junos",
    # The reader leaves `#` comments out; an annotation (`/* */`) is stored by the device and stays.
    comments=re.compile(r"#"),
    # NETCONF heads the candidate with its time of change and the committed configuration with its commit.
    refused_header=re.compile(r"## Last changed:"),
    garbage=re.compile(
        r"(?:error:|warning:|---\(more|\[edit|[+-] |[+-]$|\{master|</?(?:rpc|nc:|html|\?xml|configuration))"
    ),
    attribution=re.compile(r"^## Last commit: .* by (?P<who>\S+)", re.MULTILINE),
    hostname=re.compile(r'^\s+host-name "?(?P<name>[^\s";]+)', re.MULTILINE),
    ordered=(
        _ordered(r"policy .*", r"policies", r"from-zone .* to-zone .*"),
        _ordered(r"policy .*", r"policies", r"global"),
        _ordered(r"policy .*", r"policies from-zone .* to-zone .*|policies global"),
        _ordered(r"term .*", r"filter .*"),
        _ordered(r"term .*", r"policy-statement .*"),
        _ordered(r"rule .*", r"rule-set .*"),
        _ordered(r"rule .*", r"rulebase-\S+"),
        _ordered(r"term .*", r"service-filter .*"),
    ),
    modifier=re.compile(r"^(?:inactive: |protect: )+"),
    keyed=re.compile(r"(?P<key>\S+)"),
    lists_without_order=re.compile(
        r"(?:source|destination)-(?:address|port|prefix-list)|application|applications|dynamic-application|protocol"
        r"|source-identity|port|icmp-type|from-zone|to-zone|members|permissions|tcp-flags"
    ),
    commentary=re.compile(r"description |/\*"),
    inert=(
        compiled(r"system", r"(?:syslog|ntp|archival|license|phone-home|host-name|time-zone)\b"),
        compiled(r"snmp", r"(?:location|contact|description|name)\b"),
        compiled(r"version "),
    ),
    management=(
        compiled(r"system", r"services(?!\S)"),
        compiled(r"security", r"zones", r"security-zone ", r"host-inbound-traffic"),
        compiled(r"security", r"zones", r"security-zone ", r"interfaces(?!\S)"),
        compiled(r"interfaces", r"(?:fxp|em|me|lo)\d"),
    ),
    management_interface=(r"interfaces", r"{base}$"),
    management_names=(
        ManagementName(
            line=re.compile(r"\bfilter (?:input|input-list) (?P<name>\S+)$"),
            sections=(
                (r"firewall", r"family inet6?(?!\S)", r"filter {name}$"),
                (r"firewall", r"filter {name}$"),
            ),
            is_rule_list=True,
        ),
        ManagementName(
            line=re.compile(r"\b(?:source-|destination-)?prefix-list (?P<name>\S+)"),
            sections=((r"policy-options", r"prefix-list {name}$"),),
        ),
    ),
    secrets=(
        _place("community", rf'^community {_VALUE}"?$', r"snmp"),
        _place("community", rf'^(?P<key>community-name) {_VALUE}"?$'),
        _place(
            "secret",
            r"^(?P<key>(?:.* )?(?:(?:[a-z0-9]+-)*password(?:-value)?|secret"
            r"|passphrase|authentication-key|privacy-key|shared-secret"
            rf'|pre-shared-key (?:ascii-text|hexadecimal)|ascii-text|hexadecimal|key)) {_VALUE}"?$',
        ),
        _BY_LOOKS,
        _place("url password", URL_PASSWORD),
        _place("described", DESCRIBED),
    ),
    secret_hint=re.compile(
        r"(?i)password|passwd|passphrase|secret|token|key|community|ascii-text|hexadecimal|psk|://|\"\$|PRIVATE"
    ),
)
