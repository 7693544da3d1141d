"""Curly text in, curly text out: strict where the device is strict, exact where it must be."""

import pathlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from murenger.lab.junos.check import check
from murenger.lab.junos.compare import compare
from murenger.lab.junos.datastore import parse
from murenger.lab.junos.device import Role, Settings, User
from murenger.lab.junos.edit import load_text
from murenger.lab.junos.errors import JunosError
from murenger.lab.junos.factory import first_configuration
from murenger.lab.junos.render import render
from murenger.lab.junos.setlines import apply_lines
from murenger.lab.junos.tokens import Kind, quote, tokenize

POLICIES = """\
security {
    policies {
        from-zone trust to-zone untrust {
            policy a {
                match {
                    source-address any;
                    destination-address any;
                    application [ junos-http junos-https ];
                }
                then {
                    permit;
                }
            }
            policy b {
                then {
                    deny;
                }
            }
            policy c {
                then {
                    reject;
                }
            }
        }
    }
}
"""


def edited(text: str, *lines: str) -> str:
    tree = parse(text)
    apply_lines(tree, "\n".join(lines))
    return render(tree)


@settings(max_examples=200)
@given(
    st.text(
        st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufffe\uffff")
        | st.sampled_from('"\\\n;{}[]#/*')
    )
)
def test_any_word_survives_quoting(word: str) -> None:
    tokens = list(tokenize(quote(word, always=True)))
    assert [(token.kind, token.text) for token in tokens] == [(Kind.STRING, word)]


@settings(max_examples=200)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=1))
def test_a_word_is_bare_only_where_it_reads_back(word: str) -> None:
    if any(ord(char) == 0x7F for char in word):
        return
    assert [token.text for token in tokenize(quote(word))] == [word]


def test_printed_text_is_a_fixed_point() -> None:
    assert render(parse(POLICIES)) == POLICIES


def test_sections_print_in_the_device_order_whatever_order_they_came_in() -> None:
    text = render(parse("snmp { location x; } system { host-name y; } version 1;"))
    assert [line.split()[0] for line in text.splitlines() if line[0] not in " }"] == ["version", "system", "snmp"]


def test_policy_order_is_kept_and_interfaces_are_sorted_by_number() -> None:
    text = render(parse("interfaces { ge-0/0/10 { mtu 1500; } ge-0/0/9 { mtu 1500; } }"))
    assert text.index("ge-0/0/9") < text.index("ge-0/0/10")
    assert render(parse(POLICIES.replace("policy a", "policy z"))) == POLICIES.replace("policy a", "policy z")


@pytest.mark.parametrize(
    ("text", "bad_element"),
    [
        ("system { host-nam x; }", "host-nam"),
        ("system { host-name x y; }", "y"),
        ("nonsense;", "nonsense"),
        ("system { host-name x; }}", "}"),
        ("system { host-name x;", "}"),
        ("system { host-name x }", "}"),
        ("system { host-name; }", "host-name"),
        ("system { host-name [ x y ]; }", "["),
        ("interfaces { eth0 { mtu 1500; } }", "eth0"),
        ("interfaces { ge-0/0/0 { unit 0 { family inet { address 192.0.2.256/24; } } } }", "address"),
        ("interfaces { ge-0/0/0 { mtu 70000; } }", "70000"),
        ("policy-options { prefix-list x { 10.0.0.0/255.0.0.0; } }", "10.0.0.0/255.0.0.0"),
        ("system { services { ssh { { } } } }", "{"),
        ('system { login { message "open', '"open'),
        ("/* never closed", "/* never closed"),
        (";", ";"),
        ("version 1; stray", "stray"),
        ('"system" { host-name x; }', "system"),
        ("delete: system { }", "{"),
    ],
)
def test_what_the_grammar_does_not_know_is_a_syntax_error_that_names_the_word(text: str, bad_element: str) -> None:
    with pytest.raises(JunosError) as refused:
        parse(text)
    assert refused.value.complaints[0].bad_element.startswith(bad_element)


@pytest.mark.parametrize("char", ["\x00", "\x1b", "\x7f", "\ud800", "\uffff"])
def test_characters_that_xml_cannot_carry_are_refused(char: str) -> None:
    with pytest.raises(JunosError, match="invalid character"):
        parse(f'system {{ login {{ message "{char}"; }} }}')


def test_nesting_has_a_limit() -> None:
    with pytest.raises(JunosError, match="nested too deeply"):
        parse("groups { g { " * 200 + "}}" * 200)


def test_inactive_statements_and_comments_are_kept_and_hash_marks_of_the_device_are_dropped() -> None:
    kept = "system {\n    /* why */\n    inactive: host-name a;\n    # note\n    domain-name b;\n}\n"
    assert render(parse("## Last commit: x\n" + kept.replace("b;", "b; ## SECRET-DATA"))) == kept


def test_apply_groups_are_kept_but_not_expanded() -> None:
    text = "groups { common { system { domain-name x; } } } apply-groups common;"
    assert render(parse(text)).split() == text.split()
    with pytest.raises(JunosError, match="'absent' is not defined"):
        check(parse("apply-groups absent; system { root-authentication { encrypted-password x; } }"))


def test_merge_adds_and_replace_tag_empties_first_in_place() -> None:
    addition = "security { policies { from-zone trust to-zone untrust { replace: policy a { then { deny; } } } } }"
    merged, replaced = parse(POLICIES), parse(POLICIES)
    load_text(merged, addition, honour_replace=False)
    load_text(replaced, addition, honour_replace=True)
    assert "junos-http" in render(merged)
    assert "junos-http" not in render(replaced)
    assert render(replaced).index("policy a") < render(replaced).index("policy b")


def test_delete_tag_removes_and_complains_when_there_is_nothing() -> None:
    tree = parse(POLICIES)
    load_text(
        tree, "security { policies { from-zone trust to-zone untrust { delete: policy a; } } }", honour_replace=True
    )
    assert "policy a" not in render(tree)
    with pytest.raises(JunosError, match="statement not found"):
        load_text(
            tree, "security { policies { from-zone trust to-zone untrust { delete: policy a; } } }", honour_replace=True
        )


def test_actions_of_a_policy_exclude_one_another() -> None:
    assert "permit" not in edited(POLICIES, "set security policies from-zone trust to-zone untrust policy a then deny")


def test_deleting_the_last_statement_removes_the_empty_block() -> None:
    assert edited("system { login { message x; } }", "delete system login message") == ""


def test_values_are_deleted_one_by_one_and_renaming_keeps_the_place() -> None:
    path = "security policies from-zone trust to-zone untrust policy"
    text = edited(POLICIES, f"delete {path} a match application junos-http", f"rename {path} b to policy bb")
    assert "application junos-https;" in text
    assert text.index("policy bb") < text.index("policy c")


def test_compare_of_equal_configurations_is_one_newline() -> None:
    assert compare(parse(POLICIES), parse(POLICIES)) == "\n"


def test_compare_shows_what_will_be_applied() -> None:
    old, new = parse("system { host-name a; domain-name d; }"), parse("system { host-name b; time-zone UTC; }")
    expected = "-  domain-name d;\n-  host-name a;\n+  host-name b;\n+  time-zone UTC;\n"
    assert compare(old, new) == f"\n[edit system]\n{expected}"


def test_compare_marks_moved_policies_with_an_exclamation_mark() -> None:
    path = "security policies from-zone trust to-zone untrust policy"
    new = parse(edited(POLICIES, f"insert {path} c before policy a"))
    expected = "\n[edit security policies from-zone trust to-zone untrust]\n!     policy c { ... }\n"
    assert compare(parse(POLICIES), new) == expected


def test_compare_shows_a_new_policy_with_the_one_in_front_of_it() -> None:
    path = "security policies from-zone trust to-zone untrust policy"
    new = parse(edited(POLICIES, f"set {path} x then deny", f"insert {path} x after policy a"))
    lines = compare(parse(POLICIES), new).splitlines()
    assert lines[2:4] == ["      policy a { ... }", "+    policy x {"]


def test_compare_shows_deactivation() -> None:
    path = "security policies from-zone trust to-zone untrust policy a"
    assert "!     inactive: policy a { ... }" in compare(parse(POLICIES), parse(edited(POLICIES, f"deactivate {path}")))


BASE = (
    "system { root-authentication { encrypted-password x; } } "
    "security { zones { security-zone trust; security-zone untrust; } "
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("system { host-name x; }", "Missing mandatory statement: 'root-authentication'"),
        (BASE + "policies { from-zone trust to-zone dmz { } } }", "Security zone dmz must be defined"),
        (BASE + POLICIES.removeprefix("security {"), "Missing mandatory statement: 'source-address'"),
        (
            BASE + POLICIES.replace("source-address any", "source-address ghost").removeprefix("security {"),
            r"\(ghost\) not found",
        ),
        (BASE + POLICIES.replace("junos-https", "ghost").removeprefix("security {"), "application-set must be defined"),
        (
            BASE + "zones { security-zone trust { interfaces { ge-0/0/0.0; } } } }",
            "must be configured under interfaces",
        ),
        (
            BASE + "} interfaces { ge-0/0/0 { unit 0 { family inet { filter { input f; } } } } }",
            "filter 'f' is not defined",
        ),
        (BASE + "address-book global { address-set s { address ghost; } } }", "is not defined"),
    ],
)
def test_commit_check_refuses_what_refers_to_nothing(text: str, message: str) -> None:
    with pytest.raises(JunosError, match=message) as refused:
        check(parse(text))
    assert refused.value.complaints[-1].message == "configuration check-out failed"


def test_inactive_statements_are_not_checked() -> None:
    check(parse(BASE + "inactive: policies { from-zone trust to-zone dmz { } } }"))


SETTINGS = Settings(
    host_name="srx1",
    address="127.0.0.1",
    port=0,
    users={"healer": User(password="x", role=Role.HEAL)},
    host_key=pathlib.Path("unused"),
    management_clients=("127.0.0.0/8",),
    management_interface="ge-0/0/0.0",
    secrets={"radius": 'a"b\\c', "community": "with blank"},
)


def test_the_first_configuration_commits_and_is_a_fixed_point() -> None:
    tree = parse(first_configuration(SETTINGS))
    check(tree)
    assert parse(render(tree)).same_as(tree)
    assert tree.value("system", "radius-server", "192.0.2.18", "secret") == 'a"b\\c'


@settings(max_examples=50)
@given(order=st.permutations(["block-quarantine", "allow-web", "allow-names", "deny-all"]), deactivate=st.booleans())
def test_any_order_of_policies_heals_to_golden_and_the_difference_says_so(
    *, order: list[str], deactivate: bool
) -> None:
    golden = render(parse(first_configuration(SETTINGS)))
    path = "security policies from-zone trust to-zone untrust policy"
    live = parse(golden)
    lines = [f"insert {path} {name} after policy {order[place]}" for place, name in enumerate(order[1:])]
    apply_lines(live, "\n".join([*lines, f"deactivate {path} allow-web"] if deactivate else lines))
    entries = live.get("security", "policies", ("from-zone", "trust", "to-zone", "untrust"))
    assert entries is not None
    assert [child.words[1] for child in entries.ordered()] == order
    assert parse(render(live)).same_as(live)
    assert (compare(live, parse(golden)) == "\n") is (render(live) == golden)


def test_three_thousand_policies_load_check_and_compare() -> None:
    policy = (
        "policy p{} {{ match {{ source-address any; destination-address any; application any; }} then {{ deny; }} }}"
    )
    text = BASE + "policies { from-zone trust to-zone untrust { " + " ".join(map(policy.format, range(3000))) + " } } }"
    old = parse(text)
    check(old)
    new = parse(render(old))
    apply_lines(new, "insert security policies from-zone trust to-zone untrust policy p2999 before policy p0")
    assert compare(old, new).count("!") == 1
