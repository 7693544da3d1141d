"""A listing is read whole or not at all, and nothing in quotes is taken for structure."""

import json
import shutil
import subprocess
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napalm_nftables.elements import with_live_elements, without_dynamic_elements
from napalm_nftables.lexer import NftTextError
from napalm_nftables.listing import Table, TableName, parse_listing

LISTING = """\
table inet murenger {
	comment "brace } in # comment"
	counter cc {
	}

	ct helper ftp-s {
		type "ftp" protocol tcp
		l3proto inet
	}

	set banned {
		type ipv4_addr
		size 128
		flags dynamic,timeout
		timeout 1h
		elements = { 192.0.2.1, 192.0.2.2 timeout 5s comment "a } b, c",@wrap@192.0.2.3 }
	}

	map verdicts {
		type ipv4_addr : verdict
		elements = { 192.0.2.9 : accept, 192.0.2.10 : drop }
	}

	chain input {
		comment "chain { c"
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		tcp dport { 22, 80 } accept comment "two
	}
lines"
		tcp dport vmap { 22 : accept, 23 : jump other }
	}

	chain other {
	}
}
table ip second {
	chain a {
		type filter hook input priority filter - 1; policy accept;
	}
}
""".replace("@wrap@", "\n\t\t\t     ")
BOUNDARIES = {"", LISTING, LISTING[: LISTING.index("table ip second")]}


def only(text: str) -> Table:
    """Return the one table of a listing."""
    (table,) = parse_listing(text)
    return table


def test_tables_sets_and_rules_are_found() -> None:
    first, second = parse_listing(LISTING)
    assert first.name == TableName(family="inet", name="murenger")
    assert str(second.name) == "ip second"
    assert first.rules == (("input", 3), ("other", 0))
    assert second.rules == (("a", 0),)
    banned, verdicts = first.sets
    assert banned.is_dynamic
    assert banned.elements == ("192.0.2.1", '192.0.2.2 timeout 5s comment "a } b, c"', "192.0.2.3")
    assert not verdicts.is_dynamic
    assert verdicts.elements == ("192.0.2.9 : accept", "192.0.2.10 : drop")


def test_the_text_is_kept_byte_for_byte() -> None:
    assert "".join(table.text for table in parse_listing(LISTING)) == LISTING
    assert parse_listing("") == ()


def test_a_listing_cut_at_any_character_raises_or_is_whole_tables() -> None:
    for end in range(len(LISTING)):
        cut = LISTING[:end]
        if cut not in BOUNDARIES:
            with pytest.raises(NftTextError):
                parse_listing(cut)


def test_a_listing_that_lost_any_first_lines_raises_or_is_whole_tables() -> None:
    for start in range(1, LISTING.count("\n")):
        rest = "".join(LISTING.splitlines(keepends=True)[start:])
        if not rest.startswith("table"):
            with pytest.raises(NftTextError):
                parse_listing(rest)


def test_a_cut_between_tables_shows_in_the_number_of_rules() -> None:
    # The one cut that leaves whole tables: a second reading as JSON tells, rule for rule.
    counts = [sum(count for _, count in table.rules) for table in parse_listing(LISTING)]
    assert counts == [3, 0]


@pytest.mark.parametrize(
    "text",
    [
        "Error: netlink\n",
        "table inet a {\n}\n$ ",
        "table inet a {\n} table inet b {\n}\n",
        "table inet a {\n}\ntable inet a {\n}\n",
        "table nosuch a {\n}\n",
        "add table inet a\n",
        "define x = 1\ntable inet a {\n}\n",
        "}\n",
        'table inet a {\n\tcomment "\n}\n',
    ],
)
def test_what_is_no_listing_raises(text: str) -> None:
    with pytest.raises(NftTextError):
        parse_listing(text)


@settings(database=None)
@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        tables = parse_listing(text)
    except NftTextError:
        return
    assert len({table.name for table in tables}) == len(tables)


def test_comparing_leaves_out_dynamic_elements_only() -> None:
    text = without_dynamic_elements(parse_listing(LISTING)[0])
    assert "192.0.2.1," not in text
    assert "192.0.2.3" not in text
    assert "192.0.2.9 : accept" in text
    assert without_dynamic_elements(only(text)) == text


def live_set(elements: str, kind: str = "ipv4_addr", flags: str = "dynamic,timeout") -> Table:
    """Return a table with one set."""
    line = f"\t\telements = {{ {elements} }}\n" if elements else ""
    return only(f"table inet murenger {{\n\tset banned {{\n\t\ttype {kind}\n\t\tflags {flags}\n{line}\t}}\n}}\n")


def test_dynamic_sets_get_the_live_elements_and_not_their_own() -> None:
    live = live_set("192.0.2.7 timeout 1h expires 3m, 192.0.2.8 expires 0s, 192.0.2.9")
    for own in ("", "203.0.113.1"):
        text = with_live_elements(live_set(own), live)
        assert only(text).sets[0].elements == ("192.0.2.7 timeout 1h expires 3m", "192.0.2.9")
    assert only(with_live_elements(live_set("203.0.113.1"), None)).sets[0].elements == ()


def test_a_set_of_another_type_gets_no_elements_of_the_old_one() -> None:
    live = live_set("192.0.2.7 timeout 1h expires 3m")
    assert only(with_live_elements(live_set("", "ipv6_addr"), live)).sets[0].elements == ()


def test_other_sets_keep_their_elements_with_the_live_remaining_time() -> None:
    live = live_set(
        '192.0.2.7 timeout 1h expires 3m comment "x expires 1h y", 192.0.2.8 timeout 1h expires 0s', flags="timeout"
    )
    wanted = live_set('192.0.2.7 timeout 1h comment "x expires 1h y", 192.0.2.8 timeout 1h, 192.0.2.9', flags="timeout")
    assert only(with_live_elements(wanted, live)).sets[0].elements == (
        '192.0.2.7 timeout 1h expires 3m comment "x expires 1h y"',
        "192.0.2.8 timeout 1h",
        "192.0.2.9",
    )


@pytest.mark.lab
def test_text_and_json_of_a_real_kernel_agree_on_every_chain() -> None:
    loaded = LISTING.replace('"two\n\t}\nlines"', '"two lines"')
    script = "nft -f - && nft -s list ruleset && echo ===== && nft -s -j list ruleset"
    path = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    assert shutil.which("unshare")
    outcome = subprocess.run(
        ["unshare", "-rn", "sh", "-c", script], input=loaded, capture_output=True, text=True, check=True, env=path
    )
    text, _, witness = outcome.stdout.partition("=====\n")
    assert text == loaded
    objects: list[dict[str, Any]] = json.loads(witness)["nftables"]
    for table in parse_listing(text):
        for chain, rules in table.rules:
            here = [
                item
                for item in objects
                if "rule" in item and (item["rule"]["table"], item["rule"]["chain"]) == (table.name.name, chain)
            ]
            assert len(here) == rules
