"""Residue: what the rules do not hold is found by section, with its lines, and shows no secret.

Input: short configurations of each platform. Output: sections with names, lines and digests.
"""

import pytest

from murenger.adapters.parsers.fwshift.residue import residue
from murenger.adapters.parsers.fwshift.xml_tree import read_xml, rows_of
from murenger.semantics.ir import ResidueSection

SECRET = "hunter2hunter2"
XML = frozenset({"opnsense", "panos", "pfsense"})


def _residue(platform: str, text: str, carried: frozenset[int] = frozenset()) -> tuple[ResidueSection, ...]:
    rows = "\n".join(rows_of(read_xml(text))[0]) if platform in XML else text
    return residue(platform, rows, carried)


def _names(platform: str, text: str) -> list[tuple[str, int, int]]:
    return [(one.name, one.first_line, one.last_line) for one in _residue(platform, text)]


def _digests(platform: str, text: str) -> list[tuple[str, str]]:
    return [(one.name, one.digest) for one in _residue(platform, text)]


SECTIONS = [
    (
        "asa",
        (
            "hostname a\ninterface Ethernet0\n nameif x\n ip address 192.0.2.1 255.255.255.0\nssh 0.0.0.0 0.0.0.0 x\n"
            "no ssh stricthostkeycheck\nnat (a,b) source static c d\n"
        ),
        [("hostname", 1, 1), ("interface Ethernet0", 2, 4), ("ssh", 5, 6), ("nat", 7, 7)],
    ),
    (
        "ios",
        "ip http server\nno ip http secure-server\nline vty 0 4\n access-class 1 in\nip nat inside source list 1\n",
        [("ip http", 1, 2), ("line vty 0 4", 3, 4), ("ip nat", 5, 5)],
    ),
    (
        "iptables",
        "*raw\n-A PREROUTING -j DROP\nCOMMIT\n# later\n*raw\nCOMMIT\n-A FORWARD -j DROP\n",
        [("table raw", 1, 3), ("table raw (2)", 5, 7)],
    ),
    (
        "fortios",
        (
            'config system interface\nedit "port1"\nset allowaccess ssh\nconfig ipv6\nset ip6-address ::1\nend\nnext\n'
            'edit "port2"\nnext\nend\nconfig vdom\nedit root\nconfig firewall vip\nedit "v"\n'
            'set uuid 1\nset comment "x"\n'
            "set extip 192.0.2.1\nnext\nend\nend\n"
        ),
        [
            ("system interface port1", 2, 5),
            ("system interface port2", 8, 8),
            ("vdom root", 12, 12),
            ("firewall vip v", 14, 17),
        ],
    ),
    (
        "junos",
        (
            "set security nat source rule-set r from zone a\nset security zones security-zone a screen s\n"
            "set security zones security-zone b screen s\nset schedulers scheduler n daily\n"
            'set security policies global policy p description "a b"\n'
        ),
        [
            ("security nat source", 1, 1),
            ("security zones security-zone a", 2, 2),
            ("security zones security-zone b", 3, 3),
            ("schedulers scheduler n", 4, 4),
        ],
    ),
    (
        "panos",
        (
            '<config version="1" urldb="x"><devices><entry name="localhost.localdomain"><deviceconfig><system>'
            "<ssh>yes</ssh></system></deviceconfig>"
            '<vsys><entry name="vsys1"><rulebase><nat><rules><entry name="n" uuid="1"><description>d</description>'
            "</entry></rules></nat></rulebase></entry></vsys></entry></devices></config>"
        ),
        [
            ("config", 1, 3),
            ("deviceconfig", 4, 4),
            ("deviceconfig / system", 5, 6),
            ("vsys", 9, 9),
            ("vsys / vsys1", 10, 10),
            ("vsys / vsys1 / rulebase", 11, 11),
            ("vsys / vsys1 / rulebase / nat", 12, 14),
        ],
    ),
    (
        "pfsense",
        (
            "<pfsense><system><webgui><noantilockout/></webgui></system><nat><rule><target>192.0.2.1</target>"
            "<descr>d</descr></rule></nat><revision><time>1</time></revision></pfsense>"
        ),
        [("configuration", 1, 1), ("system", 2, 2), ("system / webgui", 3, 4), ("nat", 7, 7), ("nat / rule", 8, 9)],
    ),
    (
        "opnsense",
        '<opnsense><OPNsense><IDS version="1"><general><ips>1</ips></general></IDS></OPNsense></opnsense>',
        [("configuration", 1, 1), ("OPNsense", 2, 2), ("OPNsense / IDS", 3, 3), ("OPNsense / IDS / general", 4, 5)],
    ),
]


@pytest.mark.parametrize(("platform", "text", "expected"), SECTIONS, ids=[one[0] for one in SECTIONS])
def test_sections_have_names_and_lines(platform: str, text: str, expected: list[tuple[str, int, int]]) -> None:
    assert _names(platform, text) == expected


@pytest.mark.parametrize(("platform", "text"), [one[:2] for one in SECTIONS], ids=[one[0] for one in SECTIONS])
def test_what_the_rules_carry_is_no_residue(platform: str, text: str) -> None:
    assert _residue(platform, text, frozenset(range(1, 100))) == ()


HIDDEN = [
    (
        "asa",
        f"enable password {SECRET}\ncrypto isakmp key {SECRET} address 192.0.2.1\ntunnel-group a ipsec\n k {SECRET}\n",
    ),
    ("ios", f"snmp-server community {SECRET} RO\nkey chain {'a' * 300}\n key-string {SECRET}\nip ospf key {SECRET}\n"),
    ("ios", f"username a password 0 {SECRET}\n b\nradius-server key {SECRET}\n c\n"),
    (
        "fortios",
        f'config system admin\nedit "a"\nset password ENC {SECRET}\nnext\nend\nconfig a\nset psksecret {SECRET}\nend\n',
    ),
    ("junos", f'set security ike policy p pre-shared-key ascii-text "{SECRET}"\nset security ike {SECRET}\n'),
    ("panos", f"<config><shared><phash>{SECRET}</phash></shared></config>"),
    ("pfsense", f"<pfsense><system><user><bcrypt-hash>{SECRET}</bcrypt-hash></user></system></pfsense>"),
    ("opnsense", f'<opnsense><a b="1"><key>{SECRET}</key></a></opnsense>'),
    ("iptables", f'*nat\n-A PREROUTING -m string --string "{SECRET}" -j DROP\nCOMMIT\n'),
]


@pytest.mark.parametrize(("platform", "text"), HIDDEN)
def test_no_name_and_no_summary_shows_a_secret(platform: str, text: str) -> None:
    sections = _residue(platform, text)
    assert sections
    for one in sections:
        assert SECRET not in one.name + one.summary
        assert len(one.name) <= 120
    assert _digests(platform, text) != _digests(platform, text.replace(SECRET, SECRET[::-1]))


NOTICED = [
    (
        "xml",
        "pfsense",
        "<p><nat><rule><a/></rule><rule><b/></rule></nat></p>",
        "<p><nat><rule><a/><b/></rule></nat></p>",
    ),
    (
        "an empty element",
        "pfsense",
        "<p><nat><rule><a/></rule></nat></p>",
        "<p><nat><rule><a/><disabled/></rule></nat></p>",
    ),
    ("another parent", "panos", "<config><a><x>1</x></a><b/></config>", "<config><a/><b><x>1</x></b></config>"),
    ("an attribute", "panos", '<config><a n="1"><x>1</x></a></config>', '<config><a n="2"><x>1</x></a></config>'),
    (
        "a name that is a tag",
        "panos",
        '<config><a><entry name="b"><c/></entry></a></config>',
        "<config><a><b><c/></b></a></config>",
    ),
    (
        "an interface's name",
        "opnsense",
        "<o><interfaces><lan><descr>A</descr></lan></interfaces></o>",
        "<o><interfaces><lan><descr>B</descr></lan></interfaces></o>",
    ),
    (
        "another header",
        "ios",
        "line vty 0 4\n access-class 1 in\nline vty 5 15\n",
        "line vty 0 4\nline vty 5 15\n access-class 1 in\n",
    ),
    (
        "a deeper line",
        "asa",
        "policy-map a\n class b\n  inspect ftp\n class c\n",
        "policy-map a\n class b\n class c\n  inspect ftp\n",
    ),
    ("order", "asa", "nat (a,b) 1\nnat (a,b) 2\n", "nat (a,b) 2\nnat (a,b) 1\n"),
    (
        "a banner that does not end",
        "ios",
        "banner motd ^C\nip nat inside source list 1\n",
        "banner motd ^C\nip nat inside source list 2\n",
    ),
    (
        "what follows a banner",
        "ios",
        "banner motd ^C\nhello\n^C\nip nat inside source list 1\n",
        "banner motd ^C\nhello\n^C\nip nat inside source list 2\n",
    ),
    (
        "an entry moved",
        "fortios",
        "config a\nedit 1\nset x 1\nnext\nedit 2\nnext\nend\n",
        "config a\nedit 1\nnext\nedit 2\nset x 1\nnext\nend\n",
    ),
    (
        "a comment elsewhere",
        "fortios",
        "config system global\nset comment a\nend\n",
        "config system global\nset comment b\nend\n",
    ),
    (
        "a value over two lines",
        "fortios",
        'config a\nset buffer "x\n# y"\nend\n',
        'config a\nset buffer "x\n# z"\nend\n',
    ),
    ("an unset", "fortios", "config a\nset x 1\nend\n", "config a\nunset x\nend\n"),
    ("a deactivation", "junos", "set security nat source\n", "deactivate security nat source\n"),
    (
        "a description of something else",
        "junos",
        "set security screen ids-option description a\n",
        "set security screen ids-option description b\n",
    ),
    ("the table", "iptables", "*raw\n-A PREROUTING -j DROP\nCOMMIT\n", "*mangle\n-A PREROUTING -j DROP\nCOMMIT\n"),
    ("a description that is none", "ios", "router bgp 1\n description a\n", "router bgp 1\n description b\n"),
    ("a remark outside a list", "ios", "router bgp 1\n remark a\n", "router bgp 1\n remark b\n"),
]


@pytest.mark.parametrize(("platform", "before", "after"), [one[1:] for one in NOTICED], ids=[one[0] for one in NOTICED])
def test_a_change_is_noticed(platform: str, before: str, after: str) -> None:
    assert _digests(platform, before) != _digests(platform, after)


UNNOTICED = [
    ("blanks", "asa", "ssh  192.0.2.0 255.255.255.0 x \n", "ssh 192.0.2.0 255.255.255.0 x\n\n!\n"),
    ("a banner", "ios", "banner motd ^C\nhello\n^C\nhostname a\n", "banner motd ^C\ngood morning\n^C\nhostname a\n"),
    ("a banner on one line", "ios", "banner motd #hello#\nhostname a\n", "banner motd #hi#\nhostname a\n"),
    ("counters of a comment", "iptables", "# one\n*raw\nCOMMIT\n", "# two\n*raw\nCOMMIT\n"),
    ("indentation", "fortios", "config a\nset x 1\nend\n", "config a\n    set x 1\nend\n"),
    (
        "who changed it",
        "pfsense",
        "<p><revision><time>1</time></revision><x/></p>",
        "<p><revision><time>2</time><by>a</by></revision><x/></p>",
    ),
    (
        "when a NAT rule was made",
        "pfsense",
        "<p><nat><rule><created><time>1</time></created><a/></rule></nat></p>",
        "<p><nat><rule><created><time>2</time></created><a/></rule></nat></p>",
    ),
    (
        "what a commit notes",
        "panos",
        '<config version="1" time="a" admin="b"><x/></config>',
        '<config version="1" time="c"><x/></config>',
    ),
]


@pytest.mark.parametrize(
    ("platform", "before", "after"), [one[1:] for one in UNNOTICED], ids=[one[0] for one in UNNOTICED]
)
def test_what_is_harmless_is_no_residue(platform: str, before: str, after: str) -> None:
    assert _digests(platform, before) == _digests(platform, after)


def test_parts_of_a_section_that_stand_apart_are_one_section() -> None:
    (nat, ssh) = _residue("asa", "nat (a,b) 1\nssh 192.0.2.1 255.255.255.255 x\nnat (a,b) 2\n")
    assert (nat.name, nat.first_line, nat.last_line) == ("nat", 1, 3)
    assert nat.summary == "2 lines that the rules do not hold: nat"
    assert ssh.summary == "1 line that the rules do not hold: ssh"


@pytest.mark.parametrize(
    ("platform", "before", "after"),
    [
        (
            "asa",
            ("policy-map a", " class b", "*  inspect ftp", " class c"),
            ("policy-map a", " class b", " class c", "*  inspect ftp"),
        ),
        (
            "fortios",
            ("config a", "edit 1", "*set x 1", "next", "edit 2"),
            ("config a", "edit 1", "next", "edit 2", "*set x 1"),
        ),
        (
            "pfsense",
            ("<p>", " <a n='1'>", "*  <x>1</x>", " </a>", "</p>"),
            ("<p>", " <a n='2'>", "*  <x>1</x>", " </a>", "</p>"),
        ),
    ],
)
def test_what_is_left_below_a_line_that_the_rules_carry_still_belongs_to_it(
    platform: str, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    def left(marked: tuple[str, ...]) -> list[tuple[str, str]]:
        carried = frozenset(number for number, row in enumerate(marked, 1) if not row.startswith("*"))
        found = residue(platform, "\n".join(row.lstrip("*") for row in marked), carried)
        return [(one.name.split(" ")[0], one.digest) for one in found]

    assert len(left(before)) == 1
    assert left(before) != left(after)
