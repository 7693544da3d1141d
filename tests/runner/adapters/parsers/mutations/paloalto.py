"""Mutants of PAN-OS.

Input: the fixture `perimeter`. Output: its subject.
"""

from .catalogue import FIXTURES, Mutant, Subject, Twin, drop, handling, put, swap, undecided

_TEXT = (FIXTURES / "panos" / "rules" / "perimeter.xml").read_text(encoding="utf-8")


def _rule(name: str) -> str:
    begin = _TEXT.index(f'                <entry name="{name}"')
    end = "                </entry>\n"
    return _TEXT[begin : _TEXT.index(end, begin) + len(end)]


def _with(name: str, old: str, new: str) -> tuple[tuple[str, str], ...]:
    assert _rule(name).count(old) == 1, old
    return ((_rule(name), _rule(name).replace(old, new)),)


_SPLIT = _rule("internet").replace("<member>office-net</member>", "<member>192.0.2.0/25</member>") + _rule(
    "internet"
).replace("<member>office-net</member>", "<member>192.0.2.128/25</member>").replace('"internet"', '"internet-2"')
_DEFAULT = '<entry name="interzone-default">\n                  <action>deny</action>'
_CARDS = '<entry name="cards">\n              <network>\n                <layer3>\n'
_RECURRING = "                    <member>22:00-23:59</member>\n"

PANOS = Subject(
    name="panos",
    platform="panos",
    file="perimeter.xml",
    mutants=(
        Mutant(1, "swap", swap(_rule("no-rdp"), _rule("terminals"))),
        Mutant(2, "delete", drop(_rule("no-rdp"))),
        Mutant(2, "delete a permit", drop(_rule("web"))),
        Mutant(3, "widen an object", put("<ip-netmask>192.0.2.0/24<", "<ip-netmask>192.0.2.0/23<")),
        Mutant(3, "widen a range", put("203.0.113.64-203.0.113.127", "203.0.113.64-203.0.113.128")),
        Mutant(3, "widen an IPv6 prefix", put("2001:db8:110::/64", "2001:db8:110::/63")),
        Mutant(4, "range end plus one", put("3300-3400", "3300-3401")),
        Mutant(4, "range start minus one", put("5432-5435", "5431-5435")),
        Mutant(5, "flip", _with("no-rdp", "<action>deny<", "<action>allow<")),
        Mutant(5, "flip a permit", _with("web", "<action>allow<", "<action>drop<")),
        Mutant(
            6,
            "address added to a group",
            put(
                "                <member>card-pool</member>\n",
                "                <member>card-pool</member>\n                <member>app</member>\n",
            ),
        ),
        Mutant(
            6,
            "service added to a rule",
            _with("no-rdp", "<member>rdp</member>", "<member>rdp</member><member>terminals</member>"),
        ),
        Mutant(7, "default between zones", put(_DEFAULT, _DEFAULT.replace("deny", "allow"))),
        Mutant(
            7,
            "default inside zones",
            put(
                '<entry name="intrazone-default">\n                  <action>allow<',
                '<entry name="intrazone-default">\n                  <action>deny<',
            ),
        ),
        Mutant(8, "disabled rule enabled", _with("maintenance", "<disabled>yes<", "<disabled>no<")),
        Mutant(
            8,
            "rule disabled",
            _with(
                "no-rdp",
                "<action>deny</action>\n",
                "<action>deny</action>\n                  <disabled>yes</disabled>\n",
            ),
        ),
        handling(8, "disabled rule changed", _with("maintenance", "https", "any")),
        Mutant(
            9,
            "negation lost",
            _with("internet", "                  <negate-destination>yes</negate-destination>\n", ""),
        ),
        Mutant(
            9,
            "negation added",
            _with(
                "terminals",
                "                  <application>",
                "                  <negate-source>yes</negate-source>\n                  <application>",
            ),
        ),
        undecided(
            10,
            "schedule added",
            _with(
                "web",
                "                  <action>",
                "                  <schedule>night</schedule>\n                  <action>",
            ),
        ),
        undecided(10, "schedule body", put(_RECURRING, _RECURRING.replace("22:00", "20:00"))),
        Mutant(
            12,
            "interface moved to another zone",
            (
                *put("                  <member>ethernet1/4</member>\n", ""),
                *put(
                    "                  <member>ethernet1/2</member>\n",
                    "                  <member>ethernet1/2</member>\n                  <member>ethernet1/4</member>\n",
                ),
            ),
        ),
        Mutant(
            12, "interface added to a zone", put(_CARDS, _CARDS + "                  <member>ethernet1/5</member>\n")
        ),
        undecided(
            14,
            "management access",
            put(
                '          <permitted-ip>\n            <entry name="198.51.100.128/25"/>',
                '          <permitted-ip>\n            <entry name="198.51.100.0/24"/>',
            ),
        ),
        undecided(
            14,
            "management access through an interface",
            put(
                '                <entry name="198.51.100.128/25"/>\n              </permitted-ip>',
                '                <entry name="0.0.0.0/0"/>\n              </permitted-ip>',
            ),
        ),
        undecided(14, "management protocol", put("<ssh>yes</ssh>", "<ssh>yes</ssh><telnet>yes</telnet>")),
        undecided(14, "NAT", _with("hide", "<member>office-net</member>", "<member>app</member>")),
        undecided(
            14,
            "unknown element in a rule",
            _with("web", "<action>allow</action>", "<action>allow</action><brand-new>yes</brand-new>"),
        ),
        undecided(
            14, "another privilege", (*put("<superuser>", "<superreader>"), *put("</superuser>", "</superreader>"))
        ),
        undecided(14, "application", _with("web", "<application><member>any<", "<application><member>ssl<")),
        undecided(
            14,
            "zone protection",
            put(
                _CARDS,
                _CARDS.replace(
                    "                <layer3>",
                    (
                        "                <zone-protection-profile>strict</zone-protection-profile>\n"
                        "                <layer3>"
                    ),
                ),
            ),
        ),
        handling(14, "log of a rule off", _with("app-to-db", "<log-end>yes<", "<log-end>no<")),
        handling(14, "log of the default off", put(_DEFAULT + "\n                  <log-end>yes</log-end>", _DEFAULT)),
        handling(
            14,
            "IPS profile off",
            _with(
                "terminals",
                (
                    "                  <profile-setting><profiles><vulnerability><member>strict</member></vulnerabil"
                    "ity></profiles></profile-setting>\n"
                ),
                "",
            ),
        ),
        Mutant(
            14,
            "IPv6 address added",
            _with("web", "<member>web6</member>", "<member>web6</member><member>2001:db8:111::/64</member>"),
        ),
    ),
    twins=(
        Twin((1,), "reorder disjoint rules", swap(_rule("internet"), _rule("web"))),
        Twin((2, 5, 8), "split a rule", put(_rule("internet"), _SPLIT)),
        Twin((3,), "spell a host otherwise", put("<ip-netmask>203.0.113.10/32<", "<ip-netmask>203.0.113.10<")),
        Twin((4,), "split a port range", put("5432-5435,1521", "5432-5433,5434-5435,1521")),
        Twin(
            (6,),
            "members in another order",
            put(
                "                <member>card-db</member>\n                <member>card-pool</member>\n",
                "                <member>card-pool</member>\n                <member>card-db</member>\n",
            ),
        ),
        Twin(
            (6, 9),
            "rename an object",
            (*put('<entry name="app">', '<entry name="app1">'), *put("<member>app</member>", "<member>app1</member>")),
        ),
        Twin((7,), "description of a rule", put("the application alone", "the application")),
        Twin((10, 14), "description of an address", put("the database", "the card database")),
        Twin(
            (12,),
            "members of a zone in another order",
            put(
                "<member>ethernet1/3</member>\n                  <member>ethernet1/4</member>",
                "<member>ethernet1/4</member>\n                  <member>ethernet1/3</member>",
            ),
        ),
        Twin((12, 14), "comment of an interface", put("<comment>internet<", "<comment>provider<")),
        Twin((14,), "uuid", put("11111111-1111-4111-8111-111111111111", "22222222-1111-4111-8111-111111111111")),
        Twin((14,), "release in the header", put('detail-version="11.1.4"', 'detail-version="11.1.5"')),
    ),
    absent={
        11: "what belongs to a session passes without a rule",
        13: "nothing switches all rules off",
    },
)
