"""Access lists filter where they are bound, and nowhere else.

Input: whole configurations. Output: verdicts derived by hand.
"""

import ipaddress
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from murenger.adapters.parsers import parser_for
from murenger.lab.eos.initial import configuration as first_configuration
from murenger.lab.eos.settings import Settings
from murenger.model.packet import packet_from_json
from murenger.semantics.interpreter import trace
from murenger.semantics.ir import Hook, Ruleset

Verdict = Callable[[Ruleset, Mapping[str, object]], str]
Configuration = Callable[[str], str]

FIXTURES = Path(__file__).resolve().parents[4] / "fixtures"

LEAF = [
    ("Vlan120", "Vlan110", "192.0.2.9", "203.0.113.10", 3389, "deny", "OFFICE-IN 10"),
    ("Vlan120", "Vlan110", "192.0.2.9", "203.0.113.11", 443, "deny", "CARD-OUT 50"),
    ("Vlan120", "Ethernet1", "192.0.2.9", "203.0.113.11", 443, "allow", None),
    ("Port-Channel7", "Ethernet1", "192.0.2.9", "203.0.113.11", 80, "deny", "OFFICE-IN 60"),
    ("Ethernet2", "Vlan110", "192.0.2.66", "203.0.113.11", 5435, "allow", None),
    ("Ethernet2", "Vlan110", "192.0.2.66", "203.0.113.11", 5436, "deny", "CARD-OUT 50"),
    ("Ethernet2", "Ethernet3", "192.0.2.66", "203.0.113.11", 5436, "allow", None),
    ("Ethernet1", "", "203.0.113.5", "198.51.100.1", 22, "deny", "UPLINK-IN 50"),
    ("Management1", "", "198.51.100.130", "198.51.100.1", 22, "allow", None),
    ("Management1", "", "198.51.100.120", "198.51.100.1", 22, "deny", "MGMT implicit deny"),
    ("Ethernet1", "Vlan120", "2001:db8:9::1", "2001:db8:110::1", 443, "allow", None),
    ("Ethernet1", "Vlan120", "2001:db8:9::1", "2001:db8:110::1", 80, "deny", "UPLINK-IN-V6 30"),
    ("Vlan120", "Ethernet1", "2001:db8:9::1", "2001:db8:110::1", 80, "allow", None),
]


@pytest.mark.parametrize("row", LEAF, ids=lambda row: " ".join(map(str, row)))
def test_eos_lists_filter_where_they_are_bound(
    row: tuple[str, str, str, str, int, str, str | None], configuration: Configuration
) -> None:
    *_, expected, rule = row
    said = {name: value for name, value in zip(("in", "out", "src", "dst", "dport"), row, strict=False) if value}
    found = trace(parser_for("eos").parse(configuration("eos")), packet_from_json({"proto": "tcp", **said}))
    assert found.answer.value == expected
    if rule is not None:
        assert found.rule is not None
        assert found.rule.rule == rule


EDGE = [
    ({"in": "Vlan120", "out": "Vlan9", "src": "192.0.2.9", "dst": "203.0.113.10", "dport": 3389}, "deny"),
    ({"in": "Vlan120", "out": "Vlan9", "src": "192.0.2.9", "dst": "203.0.113.127", "dport": 445}, "allow"),
    ({"in": "Vlan120", "out": "Vlan9", "src": "192.0.2.9", "dst": "203.0.113.128", "dport": 445}, "deny"),
    ({"in": "Vlan120", "src": "192.0.2.9", "dst": "203.0.113.10", "dport": 80}, "allow"),
    ({"in": "Vlan120", "out": "Vlan9", "src": "2001:db8:120::5", "dst": "2001:db8::1", "dport": 443}, "allow"),
    ({"in": "Vlan120", "out": "Vlan9", "src": "2001:db8:121::5", "dst": "2001:db8::1", "dport": 443}, "deny"),
    ({"in": "Ethernet1/7", "out": "Vlan9", "src": "192.0.2.9", "dst": "203.0.113.20", "dport": 873}, "unknown"),
    ({"in": "Ethernet1/7", "out": "Vlan9", "src": "192.0.2.9", "dst": "203.0.113.20", "dport": 874}, "deny"),
    ({"in": "Ethernet1/8", "out": "Vlan9", "src": "192.0.2.9", "dst": "203.0.113.20", "dport": 874}, "allow"),
    ({"acl": "VTY-IN", "src": "198.51.100.127", "dst": "192.0.2.1", "dport": 22}, "deny"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "expected"), EDGE, ids=lambda value: str(value)[:70])
def test_nxos_lists_filter_where_they_are_bound(
    said: dict[str, object], expected: str, configuration: Configuration, verdict: Verdict
) -> None:
    ruleset = parser_for("nxos").parse(configuration("nxos"))
    assert verdict(ruleset, {"proto": "tcp", **said}) == expected


def test_lists_that_the_model_holds_are_marked_bound(configuration: Configuration) -> None:
    lists = parser_for("nxos").parse(configuration("nxos")).lists
    assert {one.acl: one.bound for one in lists if one.acl} == {
        "EDGE-IN": True, "VTY-IN": False, "EDGE-IN-V6": True, "BACKUP": True,
    }  # fmt: skip


@pytest.mark.parametrize("platform", ["eos", "nxos"])
@pytest.mark.parametrize("way", ["in", "out"])
def test_an_undefined_list_that_is_bound_is_unknown_on_its_way(platform: str, way: str, verdict: Verdict) -> None:
    ruleset = parser_for(platform).parse(f"interface Vlan7\n  ip access-group GONE {way}\n")
    packet = {"src": "192.0.2.1", "dst": "192.0.2.9", "proto": "udp"}
    there = {"in": {"in": "Vlan7", "out": "Vlan8"}, "out": {"in": "Vlan8", "out": "Vlan7"}}[way]
    assert verdict(ruleset, packet | there) == "unknown"
    assert verdict(ruleset, packet | {"in": "Vlan8", "out": "Vlan9"}) == "allow"
    assert "undefined access list GONE" in ruleset.remarks[0].text
    assert ruleset.remarks[0].line == 2


def test_a_binding_to_something_that_is_no_interface_leaves_everything_open(verdict: Verdict) -> None:
    text = "ip access-list T\n   permit ip any any\ninterface Ethernet1-4,7\n   ip access-group T in\n"
    packet = {"in": "Vlan7", "out": "Vlan8", "src": "192.0.2.1", "dst": "192.0.2.9", "proto": "udp"}
    assert verdict(parser_for("eos").parse(text), packet) == "unknown"


@pytest.mark.parametrize(
    ("platform", "line"),
    [("eos", "traffic-policy input TP"), ("eos", "mac access-group M in"), ("nxos", "mac port access-group M")],
)
def test_a_filter_of_another_kind_leaves_open_what_passes_there(platform: str, line: str, verdict: Verdict) -> None:
    ruleset = parser_for(platform).parse(f"interface Ethernet1\n  {line}\n")
    packet = {"in": "Ethernet1", "out": "Vlan8", "src": "192.0.2.1", "dst": "192.0.2.9", "proto": "udp"}
    assert verdict(ruleset, packet) == "unknown"
    assert verdict(ruleset, packet | {"in": "Ethernet2"}) == "allow"
    assert ruleset.residue


def test_a_vlan_filter_leaves_open_what_passes_its_vlans(verdict: Verdict) -> None:
    ruleset = parser_for("nxos").parse("vlan filter MAP vlan-list 7-8,20\ninterface Vlan7\n")
    packet = {"src": "192.0.2.1", "dst": "192.0.2.9", "proto": "udp"}
    assert verdict(ruleset, packet | {"in": "Vlan8", "out": "Vlan9"}) == "unknown"
    assert verdict(ruleset, packet | {"in": "Vlan9", "out": "Vlan20"}) == "unknown"
    assert verdict(ruleset, packet | {"in": "Vlan9", "out": "Vlan10"}) == "allow"


def test_of_two_bindings_of_one_kind_the_later_counts_and_the_other_stays_in_sight() -> None:
    text = (
        "ip access-list A\n   permit tcp any any\nip access-list B\n   permit udp any any\n"
        "interface Vlan7\n   ip access-group A in\n   ip access-group B in\n"
    )
    ruleset = parser_for("eos").parse(text)
    assert [one.name for one in ruleset.lists if Hook.FORWARD in one.hooks] == ["ip B in"]
    assert [(one.name, one.first_line) for one in ruleset.residue] == [("interface Vlan7", 6)]


def test_a_banner_is_no_configuration(configuration: Configuration) -> None:
    for platform, name in (("eos", "OFFICE-IN"), ("nxos", "EDGE-IN")):
        lists = parser_for(platform).parse(configuration(platform)).lists
        rules = next(one.rules for one in lists if one.acl == name)
        assert f"{name} 5" not in [rule.provenance.rule for rule in rules]


@pytest.mark.parametrize("folder", sorted(path.name for path in (FIXTURES / "eos").iterdir() if path.name != "rules"))
def test_what_the_emulated_switch_prints_is_read_without_anything_unknown(folder: str) -> None:
    for name in ("golden.conf", "live.conf"):
        ruleset = parser_for("eos").parse((FIXTURES / "eos" / folder / name).read_text(encoding="utf-8"))
        assert ruleset.remarks == ()
        assert {one.acl for one in ruleset.lists} >= {"CDE-IN"}
        assert not any(match.opaque for one in ruleset.lists for rule in one.rules for match in rule.any_of)


def test_what_the_emulated_switch_boots_with_is_read_without_anything_unknown(verdict: Verdict) -> None:
    settings = Settings(
        hostname="leaf1",
        address="127.0.0.1",
        port=0,
        users=(),
        certificate=Path("certificate.pem"),
        key=Path("key.pem"),
        management_clients=(ipaddress.IPv4Network("198.51.100.0/25"),),
    )
    ruleset = parser_for("eos").parse(first_configuration(settings))
    assert ruleset.remarks == ()
    packet = {"in": "Vlan120", "out": "Vlan110", "src": "192.0.2.7", "dst": "203.0.113.10", "proto": "tcp"}
    assert verdict(ruleset, {**packet, "dport": 3389}) == "deny"
    assert verdict(ruleset, {**packet, "dport": 3390}) == "allow"
    assert verdict(ruleset, {**packet, "dst": "203.0.113.11", "dport": 443}) == "allow"


@pytest.mark.parametrize("platform", ["eos", "nxos"])
def test_a_part_without_any_interface_does_not_say_what_is_bound(platform: str, verdict: Verdict) -> None:
    packet = {"in": "Ethernet1", "out": "Ethernet2", "src": "192.0.2.1", "dst": "192.0.2.9", "proto": "udp"}
    for text in ("what is this\n", "ip access-list T\n   permit ip any any\n"):
        assert verdict(parser_for(platform).parse(text), packet) == "unknown"
