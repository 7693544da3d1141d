"""The Junos statements this emulator knows, in the order an SRX prints them: data, no logic.

Input: nothing. Output: `TOP`, the rules of the top level. Order and coverage: see `docs/reference/lab-junos.md`.
"""

from murenger.lab.junos.schema import Rule
from murenger.lab.junos.vocabulary import (
    ADDRESS,
    ADDRESS_OR_PREFIX,
    FACILITY,
    HOST_PROTOCOL,
    HOST_SERVICE,
    INTERFACE,
    NAME,
    PERMISSION,
    PORT,
    PREFIX,
    PROTOCOL,
    SEVERITY,
    TEXT,
    UNIT_NAME,
    block,
    flags,
    leaf,
    matching,
    names,
    number,
    one_of,
    values,
)

APPLY = (values("apply-groups"), values("apply-groups-except"))

_CREDENTIALS = (
    leaf("encrypted-password", secret=True),
    *(block(kind, TEXT) for kind in ("ssh-rsa", "ssh-ecdsa", "ssh-ed25519")),
)
_LOG_SELECTION = (
    leaf((FACILITY,), SEVERITY),
    leaf("match"),
    block("archive", children=(leaf("size", NAME), leaf("files", NAME)), inline=True),
    leaf("source-address", ADDRESS),
    *flags("structured-data"),
)

_SYSTEM = (
    leaf("host-name", matching("host-name", r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")),
    block("root-authentication", children=_CREDENTIALS),
    block(
        "login",
        children=(
            leaf("message"),
            block(
                "class",
                NAME,
                children=(leaf("idle-timeout", number("minutes", 0, 4294967295)), values("permissions", PERMISSION)),
            ),
            block(
                "user",
                NAME,
                children=(
                    leaf("full-name"),
                    leaf("uid", number("uid", 100, 64000)),
                    leaf("class", NAME),
                    block("authentication", children=_CREDENTIALS),
                ),
                in_name_order=True,
            ),
        ),
    ),
    block(
        "services",
        children=(
            block(
                "ssh",
                presence=True,
                children=(
                    leaf("root-login", one_of("root-login", "allow deny deny-password")),
                    values("protocol-version", one_of("version", "v1 v2")),
                    leaf("connection-limit", number("connections", 1, 250)),
                    leaf("rate-limit", number("connections a minute", 1, 250)),
                ),
            ),
            block("telnet", presence=True, children=(leaf("connection-limit", number("connections", 1, 250)),)),
            block(
                "netconf",
                children=(
                    block("ssh", presence=True, children=(leaf("port", number("port", 1, 65535)),)),
                    *flags("rfc-compliant"),
                ),
            ),
        ),
    ),
    leaf("domain-name", NAME),
    leaf("time-zone", NAME),
    values("authentication-order", one_of("method", "radius tacplus password")),
    block("name-server", children=(names(ADDRESS),)),
    block(
        "radius-server",
        children=(
            block(
                ADDRESS,
                children=(
                    leaf("port", number("port", 1, 65535)),
                    leaf("secret", secret=True),
                    leaf("timeout", number("seconds", 1, 1000)),
                    leaf("retry", number("attempts", 1, 100)),
                    leaf("source-address", ADDRESS),
                ),
            ),
        ),
    ),
    block(
        "syslog",
        children=(
            block("archive", children=(leaf("size", NAME), leaf("files", NAME)), inline=True),
            block("user", NAME, children=_LOG_SELECTION),
            block("host", NAME, children=_LOG_SELECTION),
            block("file", NAME, children=_LOG_SELECTION),
        ),
    ),
    block(
        "ntp",
        children=(
            block("server", ADDRESS, children=(leaf("key", NAME), *flags("prefer")), inline=True),
            leaf("source-address", ADDRESS),
        ),
    ),
)

_HOST_INBOUND = block(
    "host-inbound-traffic",
    children=(
        block("system-services", children=(block(HOST_SERVICE, children=flags("except"), inline=True),)),
        block("protocols", children=(block(HOST_PROTOCOL, children=flags("except"), inline=True),)),
    ),
)
_POLICY = block(
    "policy",
    NAME,
    children=(
        leaf("description"),
        block(
            "match",
            children=(
                values("source-address"),
                *flags("source-address-excluded"),
                values("destination-address"),
                *flags("destination-address-excluded"),
                values("application"),
            ),
        ),
        block(
            "then",
            children=(
                *flags("permit deny reject", choice="action"),
                block("log", children=flags("session-init session-close")),
                *flags("count"),
            ),
        ),
    ),
)
_NAT_MATCH = block("match", children=(values("source-address", PREFIX), values("destination-address", PREFIX)))


def _nat(action: Rule) -> Rule:
    zones = tuple(block(side, children=(values("zone"),), inline=True) for side in ("from", "to"))
    rule = block("rule", NAME, children=(leaf("description"), _NAT_MATCH, block("then", children=(action,))))
    return block("rule-set", NAME, children=(*zones, rule))


_SECURITY = (
    block(
        "address-book",
        NAME,
        children=(
            block(
                "address", NAME, children=(leaf("description"), Rule(pattern=(PREFIX,), choice="address")), inline=True
            ),
            block(
                "address-set",
                NAME,
                children=(leaf("description"), block("address", NAME), block("address-set", NAME)),
            ),
        ),
    ),
    block(
        "nat",
        children=(
            block(
                "source",
                children=(
                    block("pool", NAME, children=(block("address", children=(names(PREFIX),)),)),
                    _nat(
                        block(
                            "source-nat",
                            children=(
                                *flags("off interface", choice="nat"),
                                block("pool", children=(names(NAME),), choice="nat"),
                            ),
                        )
                    ),
                ),
            ),
            block(
                "static",
                children=(_nat(block("static-nat", children=(block("prefix", children=(names(PREFIX),)),))),),
            ),
        ),
    ),
    block(
        "policies",
        children=(
            block("from-zone", NAME, "to-zone", NAME, children=(_POLICY,)),
            block("global", children=(_POLICY,)),
            block("default-policy", children=flags("permit-all deny-all", choice="default")),
            block("policy-rematch", children=flags("extensive"), inline=True, presence=True),
        ),
    ),
    block(
        "zones",
        children=(
            block(
                "security-zone",
                NAME,
                children=(
                    leaf("description"),
                    *flags("tcp-rst"),
                    _HOST_INBOUND,
                    block("interfaces", children=(block(UNIT_NAME, children=(_HOST_INBOUND,)),)),
                    *flags("application-tracking"),
                ),
            ),
        ),
    ),
)

_INTERFACES = (
    block(
        INTERFACE,
        in_name_order=True,
        children=(
            leaf("description"),
            *flags("disable vlan-tagging"),
            leaf("mtu", number("bytes", 256, 9192)),
            block(
                "unit",
                number("unit", 0, 1073741823),
                in_name_order=True,
                children=(
                    leaf("description"),
                    *flags("disable"),
                    leaf("vlan-id", number("vlan", 1, 4094)),
                    block(
                        "family",
                        "inet",
                        presence=True,
                        children=(
                            block("filter", children=(leaf("input", NAME), leaf("output", NAME))),
                            block("address", PREFIX, children=flags("primary preferred"), inline=True),
                        ),
                    ),
                ),
            ),
        ),
    ),
)

_ADDRESS_MATCH = block(ADDRESS_OR_PREFIX, children=flags("except"), inline=True)
_LIST_MATCH = block(NAME, children=flags("except"), inline=True)
_FILTER = block(
    "filter",
    NAME,
    children=(
        *flags("interface-specific"),
        block(
            "term",
            NAME,
            children=(
                block(
                    "from",
                    children=(
                        *(
                            block(name, children=(_ADDRESS_MATCH,))
                            for name in ("source-address", "destination-address")
                        ),
                        *(
                            block(name, children=(_LIST_MATCH,))
                            for name in ("source-prefix-list", "destination-prefix-list")
                        ),
                        values("protocol", PROTOCOL),
                        values("source-port", PORT),
                        values("destination-port", PORT),
                        values("icmp-type", PORT),
                        *flags("tcp-established tcp-initial"),
                    ),
                ),
                block(
                    "then",
                    inline=True,
                    children=(
                        leaf("count", NAME),
                        *flags("log syslog"),
                        *flags("accept discard reject", choice="action"),
                    ),
                ),
            ),
        ),
    ),
)

_SNMP = (
    *(leaf(name) for name in ("name", "description", "location", "contact")),
    block(
        "community",
        TEXT,
        children=(
            leaf("authorization", one_of("authorization", "read-only read-write")),
            block("clients", children=(block(ADDRESS_OR_PREFIX, children=flags("restrict"), inline=True),)),
        ),
    ),
)

_APPLICATIONS = (
    block(
        "application",
        NAME,
        children=(
            leaf("protocol", PROTOCOL),
            leaf("source-port", PORT),
            leaf("destination-port", PORT),
            leaf("inactivity-timeout", NAME),
            leaf("description"),
        ),
    ),
    block(
        "application-set",
        NAME,
        children=(leaf("description"), block("application", NAME), block("application-set", NAME)),
    ),
)

_ROUTE = block(
    "route",
    PREFIX,
    inline=True,
    children=(
        values("next-hop", ADDRESS),
        *flags("discard reject", choice="next-hop"),
        leaf("preference", number("preference", 0, 4294967295)),
    ),
)

VERSION = leaf("version", NAME)
TOP: tuple[Rule, ...] = (
    VERSION,
    block("groups", children=(block(NAME, recursive=True),)),
    *APPLY,
    block("system", children=_SYSTEM),
    block("security", children=_SECURITY),
    block("interfaces", children=_INTERFACES),
    block("snmp", children=_SNMP),
    block(
        "policy-options",
        children=(block("prefix-list", NAME, children=(names(ADDRESS_OR_PREFIX, in_name_order=True),)),),
    ),
    block("firewall", children=(block("family", "inet", presence=True, children=(_FILTER,)),)),
    block("routing-options", children=(block("static", children=(_ROUTE,)),)),
    block("applications", children=_APPLICATIONS),
)
