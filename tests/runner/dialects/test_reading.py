"""Reading is strict: what is not a whole configuration is refused, with the line and never with the text."""

import pytest

from murenger.dialects import Dialect, Node, dialect, parse, render
from murenger.dialects import tree as tree_module
from murenger.errors import ParseError

NFT = dialect("nftables")
EOS = dialect("eos")
JUNOS = dialect("junos")

NFT_TEXT = """table inet shield {
\tset staff {
\t\ttype ipv4_addr
\t\telements = { 192.0.2.1, 192.0.2.2,
\t\t\t     192.0.2.3 comment "a } { b" }
\t}

\tchain forward {
\t\ttype filter hook forward priority filter; policy drop;
\t\ttcp dport { 22, 80 } accept comment "{{ x }} ; # } table"
\t\tip saddr vmap { 192.0.2.9 : jump other } log prefix "two
lines }"
\t}

\tchain other {
\t}
}
"""


def test_nft_listing_is_written_back_exactly() -> None:
    assert render(parse(NFT_TEXT, NFT), NFT) == NFT_TEXT


def test_nft_statement_over_several_lines_is_one_node_and_braces_in_quotes_are_text() -> None:
    table = parse(NFT_TEXT, NFT).nodes[0]
    assert [child.line for child in table.children] == ["set staff", "chain forward", "chain other"]
    assert len(table.children[0].children) == 2
    assert [child.number for child in table.children[1].children] == [9, 10, 11]
    assert table.children[2] == Node(line="chain other", is_block=True)


def test_what_nft_cannot_translate_of_iptables_is_part_of_its_rule() -> None:
    rule = "table ip x {\n\tchain c {\n\t\tip saddr 192.0.2.1 # xt_string counter accept\n\t}\n}\n"
    assert parse(rule, NFT) != parse(rule.replace(" # xt_string counter accept", ""), NFT)


def test_nft_comments_say_nothing() -> None:
    assert parse("# a { comment\ntable ip x { # handle 1\n}\n", NFT) == parse("table ip x {\n}\n", NFT)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("table ip x {\n\tchain c {\n", "line 2"),
        ("table ip x {\n", "line 1"),
        ("}\n", "line 1"),
        ("table ip x {\n}\n}\n", "line 3"),
        ("flush ruleset\n", "line 1"),
        ('include "/etc/passwd"\n', "line 1"),
        ("define x = 1\n", "line 1"),
        ("add rule ip x c accept\n", "line 1"),
        ('table ip x {\n\tcomment "open\n}\n', "line 2"),
        ("table ip x {\n\tset s {\n\t\telements = { 192.0.2.1,\n\t}\n}\n", "line 1"),
        ("table ip x { chain c {\n}\n}\n", "line 1"),
        ("table ip x {\n} accept\n", "line 2"),
        ("table ip x {\n\taccept }\n", "line 2"),
        ("table bogus x {\n}\n", "line 1"),
        ("{\n}\n", "line 1"),
        ("Error: cannot list\n", "line 1"),
        ("table ip x {\n\0}\n", "line 2"),
    ],
)
def test_nft_text_that_is_no_listing_is_refused_with_its_line(text: str, line: str) -> None:
    with pytest.raises(ParseError, match=line):
        parse(text, NFT)


EOS_TEXT = """! Command: show running-config
! device: leaf1
!
hostname leaf1
!
banner login
! not a comment
   indented
end
EOF
!
interface Ethernet1
   description x
   !
   vrf default
      no shutdown
!
interface Ethernet2
   !! a stored comment
!
end
"""


def test_eos_indentation_makes_sections_and_bang_says_nothing() -> None:
    nodes = parse(EOS_TEXT, EOS).nodes
    assert [node.line.split("\n")[0] for node in nodes] == [
        "hostname leaf1",
        "banner login",
        "interface Ethernet1",
        "interface Ethernet2",
    ]
    assert nodes[1].line == "banner login\n! not a comment\n   indented\nend\nEOF"
    assert nodes[2].children[1].children[0].line == "no shutdown"
    assert nodes[3].children[0].line == "!! a stored comment"


def test_eos_text_is_canonical_after_one_round() -> None:
    once = render(parse(EOS_TEXT, EOS), EOS)
    assert render(parse(once, EOS), EOS) == once
    assert once.endswith("!\nend\n")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("   hostname x\nend\n", "line 1"),
        ("!\n   hostname x\nend\n", "line 2"),
        ("interface Ethernet1\n   mtu 1\n  speed 1\nend\n", "line 3"),
        ("interface Ethernet1\n\tmtu 1\nend\n", "line 2"),
        ("banner login\nhello\nend\n", "line 1"),
        ("hostname x\nend\nhostname y\n", "line 3"),
        ("% Invalid input\nend\n", "line 1"),
        ("hostname x\n --More-- \nend\n", "line 2"),
        ("leaf1#show running-config\nhostname x\nend\n", "line 1"),
        ('{"jsonrpc": "2.0"}\n', "line 1"),
        ("hostname x\0\nend\n", "line 1"),
    ],
)
def test_eos_text_that_is_no_configuration_is_refused_with_its_line(text: str, line: str) -> None:
    with pytest.raises(ParseError, match=line):
        parse(text, EOS)


JUNOS_TEXT = """version 23.4R1.9;
/* an annotation; { */
system {
    host-name srx1;
    login {
        message "say \\"hi\\"; } # no comment";
    }
}
inactive: firewall {
    family inet {
        filter f {
        }
    }
}
security {
    application [ junos-http junos-https ];
}
"""


def test_junos_text_is_written_back_exactly() -> None:
    assert render(parse(JUNOS_TEXT, JUNOS), JUNOS) == JUNOS_TEXT


def test_junos_comments_are_left_out_and_white_space_says_nothing() -> None:
    loose = "## Last commit: x by y\nsystem{host-name   srx1;# gone\n}\napplication [a\n  b];"
    assert render(parse(loose, JUNOS), JUNOS) == "system {\n    host-name srx1;\n}\napplication [ a b ];\n"


def test_junos_mark_of_a_secret_is_kept_apart_from_the_text() -> None:
    text = 'a {\n    b "x"; ## SECRET-DATA\n    c "y ## SECRET-DATA";\n}\n'
    first, second = parse(text, JUNOS).nodes[0].children
    assert first.is_marked_secret
    assert not second.is_marked_secret


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("system {\n", "line 1"),
        ("system {\n    host-name x\n}\n", "line 3"),
        ("system {\n}\n}\n", "line 3"),
        ("a b\n", "line 1"),
        ("set system host-name x\n", "line 1"),
        (";\n", "line 1"),
        ("a [ b ;\n", "line 1"),
        ("a ] b;\n", "line 1"),
        ("a [ b [ c ] ];\n", "line 1"),
        ('a "open;\n', "line 1"),
        ("a;\n/* open\n", "line 2"),
        ("error: syntax error;\n", "line 1"),
        ("[edit system]\nx;\n", "line 1"),
        ("+  host-name x;\n", "line 1"),
        ("<rpc-error>;\n", "line 1"),
        ("a;\0\n", "line 1"),
    ],
)
def test_junos_text_that_is_no_configuration_is_refused_with_its_line(text: str, line: str) -> None:
    with pytest.raises(ParseError, match=line):
        parse(text, JUNOS)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ('table ip x {\n\tcomment "canary-value', NFT),
        ("canary-value\n", NFT),
        ("% canary-value\nend\n", EOS),
        ('secret "canary-value', JUNOS),
        ("secret canary-value\n", JUNOS),
    ],
)
def test_a_refusal_never_quotes_the_text(text: str, known: Dialect) -> None:
    with pytest.raises(ParseError) as caught:
        parse(text, known)
    assert "canary" not in str(caught.value)


def test_text_beyond_a_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_module, "MAX_LINES", 3)
    with pytest.raises(ParseError, match="longer than 3 lines"):
        parse("a;\nb;\nc;\nd;\n", JUNOS)
    monkeypatch.setattr(tree_module, "MAX_BYTES", 3)
    with pytest.raises(ParseError, match="larger than 3"):
        parse("abcd;", JUNOS)


def test_section_with_too_many_entries_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_module, "MAX_ENTRIES", 2)
    with pytest.raises(ParseError, match="line 3: more than 2 entries"):
        parse("a;\nb;\nc;\n", JUNOS)


def test_sections_nested_too_deeply_are_refused() -> None:
    deep = tree_module.MAX_DEPTH + 1
    with pytest.raises(ParseError, match="deeper"):
        parse("a {" * deep + "}" * deep, JUNOS)
    with pytest.raises(ParseError, match="deeper"):
        parse("".join(" " * level + "a\n" for level in range(deep + 1)), EOS)
