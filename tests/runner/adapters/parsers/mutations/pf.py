"""Mutants of pfSense and OPNsense.

Input: the fixtures `perimeter`. Output: their subjects.
"""

import re

from .catalogue import FIXTURES, Edits, Mutant, Subject, Twin, drop, handling, put, swap, undecided

_PFSENSE = (FIXTURES / "pfsense" / "rules" / "perimeter.xml").read_text(encoding="utf-8")
_OPNSENSE = (FIXTURES / "opnsense" / "rules" / "perimeter.xml").read_text(encoding="utf-8")
_RULE = re.compile(r"^[ \t]+<rule[ >].*?</rule>\n|^[ \t]+<rule>\n.*?</rule>\n", re.DOTALL | re.MULTILINE)


def _rule(text: str, name: str) -> str:
    rules = (found.group() for found in _RULE.finditer(text))
    return next(rule for rule in rules if re.search(rf"<(descr|description)>{name}</", rule))


def _of(text: str, name: str, old: str, new: str) -> Edits:
    rule = _rule(text, name)
    assert rule.count(old) == 1, old
    return ((rule, rule.replace(old, new)),)


def _pf(name: str, old: str, new: str) -> Edits:
    return _of(_PFSENSE, name, old, new)


def _opn(name: str, old: str, new: str) -> Edits:
    return _of(_OPNSENSE, name, old, new)


_NEGATION = "\t\t\t\t<not></not>\n"
_ONE, _OTHER = _rule(_PFSENSE, "terminals"), _rule(_PFSENSE, "no remote desktop")
_INTERNET = _rule(_PFSENSE, "internet")
_V6 = _rule(_PFSENSE, "web over IPv6")
_ABSENT = {
    7: "the implicit deny cannot be changed",
    11: "what belongs to a connection passes without a rule",
}

PFSENSE = Subject(
    name="pfsense",
    platform="pfsense",
    file="perimeter.xml",
    mutants=(
        Mutant(1, "swap", swap(_ONE, _OTHER)),
        Mutant(2, "delete", drop(_OTHER)),
        Mutant(2, "delete a permit", drop(_rule(_PFSENSE, "web"))),
        Mutant(3, "widen a prefix in a rule", _pf("terminals", "192.0.2.0/24", "192.0.2.0/23")),
        Mutant(3, "widen a prefix in an alias", put("203.0.113.64/26", "203.0.113.64/25")),
        Mutant(3, "widen an IPv6 prefix", put("2001:db8:110::/64", "2001:db8:110::/63")),
        Mutant(4, "range end plus one", put("3300-3400", "3300-3401")),
        Mutant(4, "range start minus one in an alias", put("5432:5435", "5431:5435")),
        Mutant(5, "flip", _pf("no remote desktop", "<type>block<", "<type>pass<")),
        Mutant(5, "flip a permit", _pf("web", "<type>pass<", "<type>reject<")),
        Mutant(6, "host added to an alias", put("203.0.113.10/32 203", "203.0.113.10/32 203.0.113.12/32 203")),
        Mutant(6, "port added to an alias", put("5432:5435 1521", "5432:5435 1521 1433")),
        Mutant(8, "disabled rule enabled", _pf("maintenance", "\t\t\t<disabled></disabled>\n", "")),
        Mutant(
            8, "rule disabled", _pf("no remote desktop", "\t\t\t<type>", "\t\t\t<disabled></disabled>\n\t\t\t<type>")
        ),
        handling(8, "disabled rule changed", _pf("maintenance", "<port>22<", "<port>23<")),
        Mutant(9, "negation lost", drop(_NEGATION)),
        Mutant(
            9,
            "negation added",
            _pf("terminals", "<address>192.0.2.0/24</address>\n", "<address>192.0.2.0/24</address>\n" + _NEGATION),
        ),
        undecided(10, "schedule added", _pf("web", "\t\t\t<descr>", "\t\t\t<sched>night</sched>\n\t\t\t<descr>")),
        undecided(10, "schedule body", put("22:00-23:45", "20:00-23:45")),
        undecided(12, "interface on another port", put("<if>vtnet2<", "<if>vtnet3<")),
        Mutant(12, "interface of a rule", _pf("web", "<interface>wan<", "<interface>opt1<")),
        Mutant(
            13, "whole filter disabled", put("\t\t<hostname>", "\t\t<disablefilter></disablefilter>\n\t\t<hostname>")
        ),
        undecided(14, "anti-lockout", drop("\t\t\t<noantilockout></noantilockout>\n")),
        undecided(14, "management protocol", put("<protocol>https<", "<protocol>http<")),
        undecided(14, "NAT", put("<local-port>443<", "<local-port>22<")),
        undecided(14, "outbound NAT", put("<mode>automatic<", "<mode>disabled<")),
        undecided(
            14,
            "port forward that passes its traffic",
            put(
                "<local-port>443</local-port>",
                "<local-port>443</local-port><associated-rule-id>pass</associated-rule-id>",
            ),
        ),
        undecided(
            14,
            "rule that is not loaded added",
            put(_V6, _V6 + _V6.replace("<type>pass<", "<type>match<").replace("web over IPv6", "marking")),
        ),
        undecided(14, "log server", put("<remoteserver>192.0.2.200<", "<remoteserver>192.0.2.201<")),
        handling(14, "log of a rule off", _pf("application to database", "\t\t\t<log></log>\n", "")),
        undecided(14, "all IPv6 blocked", drop("\t\t<ipv6allow></ipv6allow>\n")),
        Mutant(14, "IPv6-only rule added", put(_V6, _V6 + _V6.replace("<port>443<", "<port>22<"))),
    ),
    twins=(
        Twin((1,), "reorder disjoint rules", swap(_rule(_PFSENSE, "application to database"), _OTHER)),
        Twin(
            (2, 5, 8),
            "split a rule",
            put(
                _INTERNET,
                _INTERNET.replace("192.0.2.0/24", "192.0.2.0/25") + _INTERNET.replace("192.0.2.0/24", "192.0.2.128/25"),
            ),
        ),
        Twin((3,), "split a prefix of an alias", put("203.0.113.64/26", "203.0.113.64/27 203.0.113.96/27")),
        Twin((4,), "split a port range", put("5432:5435", "5432:5433 5434:5435")),
        Twin(
            (6,), "members in another order", put("203.0.113.10/32 203.0.113.64/26", "203.0.113.64/26 203.0.113.10/32")
        ),
        Twin((6, 9), "rename an alias", (*put("<name>db_ports<", "<name>db<"), *put("<port>db_ports<", "<port>db<"))),
        Twin((10, 14), "description of an alias", put("all that holds card data", "all that holds cards")),
        Twin((12, 13), "description of a rule", put("<descr>terminals<", "<descr>terminal servers<")),
        Twin(
            (14,),
            "revision",
            (
                *put("<time>1793696400<", "<time>1793696401<"),
                *put("admin@198.51.100.130: saved", "admin@198.51.100.130: saved again"),
            ),
        ),
        Twin((14,), "tracker", put("1700000007", "1700000017")),
    ),
    absent=_ABSENT,
)

_O_NEGATION = "        <not>1</not>\n"
_O_ONE, _O_OTHER = _rule(_OPNSENSE, "terminals"), _rule(_OPNSENSE, "no remote desktop")
_O_INTERNET = _rule(_OPNSENSE, "internet")
_O_V6 = _rule(_OPNSENSE, "web over IPv6")

OPNSENSE = Subject(
    name="opnsense",
    platform="opnsense",
    file="perimeter.xml",
    mutants=(
        Mutant(1, "swap", swap(_O_ONE, _O_OTHER)),
        Mutant(2, "delete", drop(_O_OTHER)),
        Mutant(2, "delete a rule of the new kind", drop(_rule(_OPNSENSE, "consoles"))),
        Mutant(3, "widen a prefix in a rule", _opn("terminals", "192.0.2.0/24", "192.0.2.0/23")),
        Mutant(3, "widen a prefix in an alias", put("203.0.113.64/26", "203.0.113.64/25")),
        Mutant(3, "widen an IPv6 prefix", put("2001:db8:110::/64", "2001:db8:110::/63")),
        Mutant(4, "range end plus one", put("3300-3400", "3300-3401")),
        Mutant(4, "range start minus one in an alias", put("5432:5435", "5431:5435")),
        Mutant(5, "flip", _opn("no remote desktop", "<type>block<", "<type>pass<")),
        Mutant(5, "flip a rule of the new kind", _opn("consoles", "<action>pass<", "<action>block<")),
        Mutant(
            6,
            "host added to an alias",
            put("<content>203.0.113.10/32\n", "<content>203.0.113.10/32\n203.0.113.12/32\n"),
        ),
        Mutant(6, "port added to an alias", put("1521</content>", "1521\n1433</content>")),
        undecided(
            6,
            "alias disabled",
            put(
                '00000001">\n            <enabled>1</enabled>\n            <name>card',
                '00000001">\n            <enabled>0</enabled>\n            <name>card',
            ),
        ),
        Mutant(8, "disabled rule enabled", _opn("maintenance", "      <disabled>1</disabled>\n", "")),
        Mutant(
            8,
            "rule disabled",
            _opn(
                "no remote desktop",
                "      <quick>1</quick>\n",
                "      <quick>1</quick>\n      <disabled>1</disabled>\n",
            ),
        ),
        Mutant(8, "rule of the new kind disabled", _opn("consoles", "<enabled>1<", "<enabled>0<")),
        handling(8, "disabled rule changed", _opn("maintenance", "<port>22<", "<port>23<")),
        Mutant(9, "negation lost", drop(_O_NEGATION)),
        Mutant(
            9,
            "negation added",
            _opn(
                "terminals",
                "        <address>192.0.2.0/24</address>\n",
                _O_NEGATION + "        <address>192.0.2.0/24</address>\n",
            ),
        ),
        undecided(10, "schedule added", _opn("web", "      <quick>", "      <sched>night</sched>\n      <quick>")),
        undecided(10, "schedule body", put("22:00-23:45", "20:00-23:45")),
        undecided(12, "interface on another port", put("<if>vtnet2<", "<if>vtnet3<")),
        Mutant(12, "interface of a rule", _opn("web", "<interface>wan<", "<interface>opt1<")),
        Mutant(
            13, "whole filter disabled", put("    <hostname>", "    <disablefilter>1</disablefilter>\n    <hostname>")
        ),
        undecided(14, "anti-lockout", drop("      <noantilockout>1</noantilockout>\n")),
        undecided(14, "management protocol", put("<protocol>https<", "<protocol>http<")),
        undecided(14, "NAT", put("<mode>automatic<", "<mode>disabled<")),
        undecided(14, "intrusion prevention off", put("<ips>1<", "<ips>0<")),
        handling(14, "log of a rule off", _opn("application to database", "      <log>1</log>\n", "")),
        Mutant(14, "IPv6-only rule added", put(_O_V6, _O_V6 + _O_V6.replace("<port>443<", "<port>22<"))),
    ),
    twins=(
        Twin((1,), "reorder disjoint rules", swap(_rule(_OPNSENSE, "application to database"), _O_OTHER)),
        Twin(
            (2, 5, 8),
            "split a rule",
            put(
                _O_INTERNET,
                _O_INTERNET.replace("192.0.2.0/24", "192.0.2.0/25")
                + _O_INTERNET.replace("192.0.2.0/24", "192.0.2.128/25"),
            ),
        ),
        Twin((3,), "split a prefix of an alias", put("203.0.113.64/26", "203.0.113.64/27\n203.0.113.96/27")),
        Twin((4,), "split a port range", put("5432:5435", "5432:5433\n5434:5435")),
        Twin(
            (6,),
            "members in another order",
            put("203.0.113.10/32\n203.0.113.64/26", "203.0.113.64/26\n203.0.113.10/32"),
        ),
        Twin((6, 9), "rename an alias", (*put("<name>db_ports<", "<name>db<"), *put("<port>db_ports<", "<port>db<"))),
        Twin((10, 14), "description of an alias", put("all that holds card data", "all that holds cards")),
        Twin((12, 13), "description of a rule", put("<descr>terminals<", "<descr>terminal servers<")),
        Twin(
            (14,),
            "revision",
            (
                *put("<time>1793696400.12<", "<time>1793696401.12<"),
                *put("<description>saved<", "<description>saved again<"),
            ),
        ),
        Twin(
            (14,), "uuid of a rule", put("cccccccc-0000-4000-8000-000000000007", "cccccccc-0000-4000-8000-000000000017")
        ),
    ),
    absent=_ABSENT,
)
