"""What a dialect says, and the functions that read it."""

import pytest

from murenger.dialects import (
    PLATFORMS,
    canonical_tree,
    count_rules,
    dialect,
    expected_after,
    managed_part,
    parse,
    platform_of,
    render,
    section_names,
)
from murenger.errors import UnsupportedPlatformError

NFT = dialect("nftables")
TABLE_A = "table inet a {\n\tchain c {\n\t\taccept\n\t}\n}\n"
TABLE_B = "table inet b {\n\tchain c {\n\t\tdrop\n\t}\n}\n"
FOREIGN = "table ip docker {\n\tchain c {\n\t\taccept\n\t}\n}\n"


def test_unknown_platform_names_the_known_ones() -> None:
    with pytest.raises(UnsupportedPlatformError, match="eos, junos, nftables"):
        dialect("panos")
    with pytest.raises(UnsupportedPlatformError, match=r"arista\.eos\.eos"):
        platform_of("cisco.ios.ios")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_dialect_is_found_by_its_network_os(platform: str) -> None:
    assert all(platform_of(name) == platform for name in dialect(platform).network_os)
    assert dialect(platform).name == platform


@pytest.mark.parametrize(
    ("platform", "path"),
    [
        ("nftables", ("table inet x", "chain forward")),
        ("nftables", ("table inet x", "chain a\nb")),
        ("eos", ("ip access-list CDE-IN",)),
        ("eos", ("ip access-list standard MGMT",)),
        ("eos", ("ipv6 access-list X",)),
        ("eos", ("mac access-list X",)),
        ("eos", ("policy-map type quality-of-service X",)),
        ("junos", ("security", "policies", "from-zone a to-zone b")),
        ("junos", ("security", "policies", "inactive: from-zone a to-zone b")),
        ("junos", ("logical-systems x", "security", "policies", "global")),
        ("junos", ("firewall", "family inet", "filter f")),
        ("junos", ("firewall", "filter f")),
        ("junos", ("policy-options", "policy-statement p")),
        ("junos", ("security", "nat", "source", "rule-set r")),
    ],
)
def test_order_has_meaning_where_the_first_match_wins(platform: str, path: tuple[str, ...]) -> None:
    assert dialect(platform).ordered_items(path)


@pytest.mark.parametrize(
    ("platform", "path"),
    [
        ("nftables", ("table inet x",)),
        ("nftables", ("table inet x", "set s")),
        ("eos", ("interface Ethernet1",)),
        ("eos", ()),
        ("junos", ("security", "zones")),
        ("junos", ("security", "ike", "policy x")),
        ("junos", ("system",)),
    ],
)
def test_order_has_no_meaning_elsewhere(platform: str, path: tuple[str, ...]) -> None:
    assert dialect(platform).ordered_items(path) is None


def test_tables_stand_in_one_fixed_order() -> None:
    assert render(canonical_tree(parse(TABLE_B + TABLE_A, NFT), NFT), NFT) == TABLE_A + TABLE_B


def test_elements_of_a_dynamic_set_are_data_and_those_of_others_are_policy() -> None:
    text = "table ip x {\n\tset s {\n\t\ttype ipv4_addr\n\t\tflags %s\n\t\telements = { 192.0.2.1 }\n\t}\n}\n"
    for flags, is_data in (("dynamic", True), ("dynamic,timeout", True), ("timeout", False), ("interval", False)):
        shown = render(canonical_tree(parse(text % flags, NFT), NFT), NFT)
        assert ("192.0.2.1" not in shown) is is_data


def test_rules_are_counted_and_headers_of_chains_are_not() -> None:
    text = (
        'table ip x {\n\tchain c {\n\t\tcomment "x"\n'
        "\t\ttype filter hook input priority 0; policy drop;\n\t\taccept\n\t\tdrop\n\t}\n}\n"
    )
    assert count_rules(parse(text, NFT), NFT) == 2
    assert section_names(parse(text, NFT)) == ("table ip x",)


def test_expected_keeps_foreign_tables_of_live_and_golden_of_ours() -> None:
    live = FOREIGN + TABLE_A.replace("accept", "drop")
    assert expected_after(TABLE_B + TABLE_A, live, NFT) == TABLE_A + TABLE_B + FOREIGN


def test_managed_part_is_what_golden_names() -> None:
    live = FOREIGN + TABLE_A.replace("accept", "drop")
    assert managed_part(TABLE_A, NFT) == TABLE_A
    assert managed_part(TABLE_A, NFT, live) == TABLE_A.replace("accept", "drop")
    assert managed_part(TABLE_A, NFT, "") == ""


@pytest.mark.parametrize(("platform", "text"), [("eos", "hostname x\n!\nend\n"), ("junos", "version 1;\n")])
def test_without_foreign_parts_golden_is_what_is_expected(platform: str, text: str) -> None:
    known = dialect(platform)
    assert expected_after(text, "", known) == text
    assert managed_part(text, known, text) == text
