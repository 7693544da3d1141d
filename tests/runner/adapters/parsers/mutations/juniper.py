"""Mutants of Junos: the security policies of an SRX, and the stateless filters of a router.

Input: the fixtures `perimeter-srx` and `perimeter-router`. Output: their subjects.
"""

from .catalogue import FIXTURES, Mutant, Subject, Twin, drop, handling, put, swap, undecided

_RULES = FIXTURES / "junos" / "rules"
_SRX = (_RULES / "perimeter-srx.conf").read_text(encoding="utf-8")
_ROUTER = (_RULES / "perimeter-router.conf").read_text(encoding="utf-8")


def _block(text: str, head: str) -> str:
    """Return a block with its braces, from the beginning of its line to the end of its last one."""
    begin = text.index(f"{head} {{\n")
    begin = text.rindex("\n", 0, begin) + 1
    margin = text[begin : begin + len(text[begin:]) - len(text[begin:].lstrip())]
    end = f"\n{margin}}}\n"
    return text[begin : text.index(end, begin) + len(end)]


def _policy(name: str) -> str:
    return _block(_SRX, f"policy {name}")


def _with(name: str, old: str, new: str) -> tuple[tuple[str, str], ...]:
    assert _policy(name).count(old) == 1, old
    return ((_policy(name), _policy(name).replace(old, new)),)


def _term(name: str) -> str:
    return _block(_ROUTER, f"term {name}")


def _in_term(name: str, old: str, new: str) -> tuple[tuple[str, str], ...]:
    assert _term(name).count(old) == 1, old
    return ((_term(name), _term(name).replace(old, new)),)


_SPLIT = _policy("internet").replace("office-net", "192.0.2.0/25").replace("policy internet", "policy internet-1")
_HALVES = "            address low 192.0.2.0/25;\n            address high 192.0.2.128/25;\n"
_UNIT = "        unit 0 {\n            family inet {\n                address 198.51.100.2/29;\n"

SRX = Subject(
    name="srx",
    platform="junos",
    file="perimeter-srx.conf",
    mutants=(
        Mutant(1, "swap", swap(_policy("no-rdp"), _policy("terminals"))),
        Mutant(2, "delete", drop(_policy("no-rdp"))),
        Mutant(2, "delete a permit", drop(_policy("web"))),
        Mutant(3, "widen an address", put("office-net 192.0.2.0/24", "office-net 192.0.2.0/23")),
        Mutant(3, "widen an IPv6 prefix", put("2001:db8:110::/64", "2001:db8:110::/63")),
        Mutant(4, "range end plus one", put("3300-3400", "3300-3401")),
        Mutant(4, "range start minus one", put("5432-5435", "5431-5435")),
        Mutant(5, "flip", _with("no-rdp", "deny;", "permit;")),
        Mutant(5, "flip a permit", _with("web", "permit;", "reject;")),
        Mutant(
            6,
            "address added to a set",
            put(
                "                address card-pool;\n",
                "                address card-pool;\n                address app;\n",
            ),
        ),
        Mutant(6, "application added to a policy", _with("app-to-db", "[ db oracle ]", "[ db oracle rsync ]")),
        Mutant(7, "default policy", put("deny-all;", "permit-all;")),
        Mutant(8, "inactive policy activated", put("inactive: policy maintenance", "policy maintenance")),
        Mutant(8, "policy made inactive", put("            policy no-rdp {", "            inactive: policy no-rdp {")),
        handling(8, "inactive policy changed", _with("maintenance", "junos-https", "any")),
        Mutant(9, "negation lost", drop("                    destination-address-excluded;\n")),
        Mutant(
            9,
            "negation added",
            _with(
                "terminals",
                "application terminals;",
                "source-address-excluded;\n                    application terminals;",
            ),
        ),
        undecided(
            10,
            "schedule added",
            _with("web", "                then {\n", "                scheduler-name night;\n                then {\n"),
        ),
        undecided(10, "schedule body", put("start-time 22:00:00", "start-time 20:00:00")),
        Mutant(
            12,
            "interface moved to another zone",
            (
                *put("                ge-0/0/3.0;\n", ""),
                *put("                ge-0/0/1.0;\n", "                ge-0/0/1.0;\n                ge-0/0/3.0;\n"),
            ),
        ),
        Mutant(
            12,
            "interface added to a zone",
            put("                ge-0/0/3.0;\n", "                ge-0/0/3.0;\n                ge-0/0/4.0;\n"),
        ),
        Mutant(
            13,
            "filter put on an interface",
            put(
                _UNIT,
                _UNIT.replace(
                    "family inet {\n",
                    "family inet {\n                filter {\n                    input guard;\n                }\n",
                ),
            ),
        ),
        Mutant(
            13,
            "all policies of two zones inactive",
            put("        from-zone office to-zone cards {", "        inactive: from-zone office to-zone cards {"),
        ),
        undecided(
            14,
            "management access",
            put(
                "                    ssh;\n                }\n            }\n",
                "                    all;\n                }\n            }\n",
            ),
        ),
        undecided(
            14,
            "service of the device",
            put("    services {\n        ssh;\n", "    services {\n        ssh;\n        telnet;\n"),
        ),
        undecided(14, "NAT", put("source-address 192.0.2.0/24;", "source-address 192.0.2.0/25;")),
        undecided(
            14,
            "policy for the device",
            put(
                "        from-zone outside to-zone cards {",
                (
                    "        from-zone outside to-zone junos-host {\n            policy p {\n"
                    "                match {\n                    source-address any;\n"
                    "                    destination-address any;\n                    application any;\n"
                    "                }\n                then {\n                    permit;\n"
                    "                }\n            }\n        }\n"
                    "        from-zone outside to-zone cards {"
                ),
            ),
        ),
        undecided(14, "log server", put("host 192.0.2.200 {", "host 192.0.2.201 {")),
        handling(
            14,
            "log of a policy off",
            _with(
                "app-to-db",
                "                    log {\n                        session-close;\n                    }\n",
                "",
            ),
        ),
        handling(
            14,
            "IPS policy off",
            _with(
                "terminals",
                (
                    " {\n                        application-services {\n"
                    "                            idp-policy strict;\n                        }\n"
                    "                    }\n"
                ),
                ";\n",
            ),
        ),
        undecided(
            14,
            "screen of a zone",
            put("        security-zone outside {\n", "        security-zone outside {\n            screen strict;\n"),
        ),
        Mutant(
            14,
            "IPv6 address added",
            (
                *put("[ web web6 ]", "[ web web6 other6 ]"),
                *put(
                    "            address web6",
                    "            address other6 2001:db8:111::/64;\n            address web6",
                ),
            ),
        ),
    ),
    twins=(
        Twin((1,), "reorder disjoint policies", swap(_policy("no-rdp"), _policy("app-to-db"))),
        Twin(
            (2, 5, 8),
            "split a policy",
            (
                *put(
                    _policy("internet"),
                    _SPLIT.replace("192.0.2.0/25", "low") + _policy("internet").replace("office-net", "high"),
                ),
                *put("            address office-net", _HALVES + "            address office-net"),
            ),
        ),
        Twin((3,), "spell a host otherwise", put("address app 192.0.2.66/32", "address app 192.0.2.66")),
        Twin(
            (4,),
            "split a port range",
            put(
                "        protocol tcp;\n        destination-port 3300-3400;\n",
                (
                    "        term a protocol tcp destination-port 3300-3350;\n"
                    "        term b protocol tcp destination-port 3351-3400;\n"
                ),
            ),
        ),
        Twin(
            (6,),
            "members in another order",
            put(
                "                address card-db;\n                address card-pool;\n",
                "                address card-pool;\n                address card-db;\n",
            ),
        ),
        Twin(
            (6, 9),
            "rename an address",
            (*put("address app 192", "address app1 192"), *put("source-address app;", "source-address app1;")),
        ),
        Twin((7,), "leave the default unsaid", drop("        default-policy {\n            deny-all;\n        }\n")),
        Twin((10, 14), "description of an address", put("the database", "the card database")),
        Twin(
            (12,),
            "interfaces of a zone in another order",
            swap("                ge-0/0/2.0;\n", "                ge-0/0/3.0;\n"),
        ),
        Twin((13, 14), "description of an interface", put("description internet;", "description provider;")),
        Twin((14,), "description of a policy", drop('                description "the application alone";\n')),
        Twin((14,), "date", put("## Last commit: 2026-11-03", "## Last commit: 2026-11-04")),
    ),
    absent={11: "what belongs to a session passes without a policy"},
)

_REST = "            term rest {\n                then {\n                    discard;\n"

ROUTER = Subject(
    name="junos-filters",
    platform="junos",
    file="perimeter-router.conf",
    mutants=(
        Mutant(1, "swap", swap(_term("no-rdp"), _term("terminals"))),
        Mutant(2, "delete", drop(_term("no-rdp"))),
        Mutant(3, "widen a prefix", _in_term("terminals", "192.0.2.0/24", "192.0.2.0/23")),
        Mutant(3, "widen a prefix list", put("203.0.113.64/26", "203.0.113.64/25")),
        Mutant(3, "widen an IPv6 prefix", put("2001:db8:110::/64", "2001:db8:110::/63")),
        Mutant(4, "range end plus one", put("3300-3400", "3300-3401")),
        Mutant(4, "range start minus one", put("5432-5435", "5431-5435")),
        Mutant(5, "flip", _in_term("no-rdp", "discard", "accept")),
        Mutant(
            6,
            "prefix added to a list",
            put("        203.0.113.10/32;\n", "        203.0.113.10/32;\n        203.0.113.12/32;\n"),
        ),
        Mutant(7, "last term", put(_REST, _REST.replace("discard", "accept"))),
        Mutant(8, "inactive term activated", put("inactive: term maintenance", "term maintenance")),
        Mutant(8, "term made inactive", put("            term no-rdp {", "            inactive: term no-rdp {")),
        handling(8, "inactive term changed", put("203.0.113.21/32", "203.0.113.22/32")),
        Mutant(9, "exception lost", drop("                        192.0.2.200/32 except;\n")),
        Mutant(9, "exception widened", put("192.0.2.200/32 except", "192.0.2.200/31 except")),
        Mutant(11, "established deleted", drop(_term("replies"))),
        Mutant(11, "established widened to new", drop("                    tcp-established;\n")),
        Mutant(
            12, "unbound", drop("                filter {\n                    input office-in;\n                }\n")
        ),
        Mutant(12, "other filter bound", put("input office-in;", "input outside-in;")),
        Mutant(12, "other way", put("input office-in;", "output office-in;")),
        Mutant(12, "other interface", put("    ge-0/0/1 {", "    ge-0/0/3 {")),
        undecided(12, "bound filter undefined", put("filter outside-in {", "filter outside-out {")),
        undecided(12, "bound filter emptied", (*drop(_term("replies")), *drop(_block(_ROUTER, "term web")))),
        Mutant(
            13,
            "filter put on an interface",
            put(
                "                address 203.0.113.1/25;\n",
                (
                    "                filter {\n                    input outside-in;\n                }\n"
                    "                address 203.0.113.1/25;\n"
                ),
            ),
        ),
        Mutant(
            13,
            "whole filter inactive",
            put(
                "                filter {\n                    input office-in;",
                "                inactive: filter {\n                    input office-in;",
            ),
        ),
        undecided(14, "service of the device", put("        ssh;\n    }\n", "        ssh;\n        telnet;\n    }\n")),
        Mutant(
            14,
            "filter for the device",
            put(
                "    ge-0/0/2 {\n",
                (
                    "    lo0 {\n        unit 0 {\n            family inet {\n                filter {\n"
                    "                    input managers;\n                }\n            }\n        }\n"
                    "    }\n    ge-0/0/2 {\n"
                ),
            ),
        ),
        Mutant(14, "filter of nobody widened", put("198.51.100.128/25", "198.51.100.0/24")),
        undecided(14, "log server", put("host 192.0.2.200 {", "host 192.0.2.201 {")),
        handling(14, "log of a term off", _in_term("no-rdp", "                    log;\n", "")),
        Mutant(
            14,
            "IPv6-only term added",
            put(
                "        filter outside-in-v6 {\n",
                (
                    "        filter outside-in-v6 {\n            term ssh {\n                from {\n"
                    "                    next-header tcp;\n                    destination-port ssh;\n"
                    "                }\n                then accept;\n            }\n"
                ),
            ),
        ),
    ),
    twins=(
        Twin((1, 11), "reorder disjoint terms", swap(_term("app-to-db"), _term("no-rdp"))),
        Twin(
            (2, 5),
            "split a term",
            put(
                _term("no-cards"),
                _term("no-cards").replace("/25", "/26").replace("no-cards", "no-cards-1")
                + _term("no-cards").replace("203.0.113.0/25", "203.0.113.64/26"),
            ),
        ),
        Twin(
            (3,),
            "split a prefix",
            put("        203.0.113.64/26;\n", "        203.0.113.64/27;\n        203.0.113.96/27;\n"),
        ),
        Twin(
            (4,), "split a port range", put("destination-port 3300-3400;", "destination-port [ 3300-3350 3351-3400 ];")
        ),
        Twin(
            (6,),
            "members in another order",
            put(
                "        203.0.113.10/32;\n        203.0.113.64/26;\n",
                "        203.0.113.64/26;\n        203.0.113.10/32;\n",
            ),
        ),
        Twin((7, 8), "leave the default unsaid", drop(_term("rest"))),
        Twin(
            (9,),
            "split an exception",
            put(
                "                        192.0.2.200/32 except;\n",
                "                        192.0.2.200/32 except;\n                        192.0.2.200/32 except;\n",
            ),
        ),
        Twin(
            (12,),
            "rename a filter",
            (*put("filter outside-in {", "filter from-outside {"), *put("input outside-in;", "input from-outside;")),
        ),
        Twin((13, 14), "description of an interface", put("description uplink;", "description provider;")),
        Twin((14,), "date", put("## Last commit: 2026-11-03", "## Last commit: 2026-11-04")),
    ),
    absent={10: "a term cannot have a schedule"},
)
