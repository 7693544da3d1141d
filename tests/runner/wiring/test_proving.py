"""Proving at a site: plans whose own way to the device stays open pass, and nothing is guessed silently."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from murenger.adapters.engine import ChildAssessor
from murenger.dialects import dialect, expected_after
from murenger.errors import ConfigError, UnreachableError
from murenger.lab.firewall.scenarios import initial_rules
from murenger.model import Device, digest_of
from murenger.semantics.proofs import HitlessProof, Proven
from murenger.wiring import proving as proving_module
from murenger.wiring.proving import Proving, management_of, proving

FW1 = Device(name="fw1", platform="nftables", address="198.51.100.1")
SEEN = {"murenger_management_source": "192.0.2.10", "murenger_management_address": "192.0.2.1"}
GUARDED = "\t\tip saddr 192.0.2.0/28 tcp dport 22 counter accept"
LOCKED = "\t\ttcp dport 22 ct state new counter drop\n"
FIRST = "\t\tct state established,related accept\n"


class Inventory:
    """The variables of one device."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def variable(self, _device: Device, name: str) -> str | None:
        return self._variables.get(name)


@pytest.fixture(scope="module")
def engine() -> ChildAssessor:
    return ChildAssessor()


@dataclasses.dataclass
class Text:
    """Stands for a plan and an examination: a proof needs their texts only."""

    device: Device
    live: Any
    candidate: str
    expected_digest: str
    text: str = ""


def proof(
    engine: ChildAssessor, live: str, golden: str, *, device: Device = FW1, seen: Mapping[str, str] | None = None
) -> HitlessProof:
    """Return what is proven of replacing live by golden."""
    known = dialect(device.platform)
    live = expected_after(live, live, known)
    case: Any = Text(
        device=device,
        live=Text(device=device, live=None, candidate="", expected_digest="", text=live),
        candidate=golden,
        expected_digest=digest_of(expected_after(golden, live, known)),
    )
    told = Inventory(SEEN if seen is None else seen)
    return Proving(lambda: engine, lambda: told).prove(case, case)


def test_undoing_a_drift_of_the_firewall_is_proved_with_the_traffic_that_was_looked_at(engine: ChildAssessor) -> None:
    golden = initial_rules()
    found = proof(engine, golden.replace(FIRST, f"{FIRST}\t\ttcp dport 9 accept\n"), golden)
    assert (found.verdict, found.states_verdict) == (Proven.PROVED, Proven.PROVED)
    assert "tcp 192.0.2.10/32 -> 192.0.2.1 port 22 (from murenger_management_source)" in found.management.text


def test_a_golden_that_locks_us_out_is_refuted_with_a_packet(engine: ChildAssessor) -> None:
    live = initial_rules()
    found = proof(engine, live, live.replace(FIRST, LOCKED + FIRST))
    assert (found.verdict, found.management.verdict) == (Proven.REFUTED, Proven.REFUTED)
    assert found.management.witness is not None
    assert (found.management.witness.dport, found.management.witness.state) == (22, "new")


def test_a_golden_that_cuts_the_session_or_its_answers_is_refuted(engine: ChildAssessor) -> None:
    live = initial_rules()
    inside = live.replace(f"{GUARDED} comment", f"{GUARDED.replace('tcp', 'ct state new tcp')} comment")
    assert proof(engine, live, inside.replace(FIRST, "", 1)).management.verdict is Proven.REFUTED
    output = "\tchain output {\n\t\ttype filter hook output priority filter; policy drop;\n\t}\n\n"
    silent = live.replace("\tchain forward {", f"{output}\tchain forward {{")
    found = proof(engine, live, silent).management
    assert found.verdict is Proven.REFUTED
    assert found.witness is not None
    assert found.witness.sport == 22


def test_a_rule_for_one_interface_needs_to_be_told_which_is_ours(engine: ChildAssessor) -> None:
    golden = initial_rules().replace(GUARDED, GUARDED.replace("ip saddr", 'iifname "mgmt0" ip saddr'))
    live = golden.replace(FIRST, f"{FIRST}\t\taccept\n")
    found = proof(engine, live, golden).management
    assert found.verdict is Proven.UNKNOWN
    assert "set murenger_management_interface" in found.text
    told = proof(engine, live, golden, seen={**SEEN, "murenger_management_interface": "mgmt0"})
    assert told.verdict is Proven.PROVED
    other = proof(engine, live, golden, seen={**SEEN, "murenger_management_interface": "client0"})
    assert other.verdict is Proven.REFUTED


def test_an_address_that_live_itself_refuses_cannot_be_ours(engine: ChildAssessor) -> None:
    rules = initial_rules()
    found = proof(engine, rules, rules, seen={"murenger_management_source": "198.51.100.10"})
    assert found.verdict is Proven.UNKNOWN
    assert "set murenger_management_source" in found.management.text


def test_the_loopback_interface_of_the_device_is_not_our_way(engine: ChildAssessor) -> None:
    live = initial_rules()
    assert 'iifname "lo" accept' in live
    found = proof(engine, live, live.replace(GUARDED, GUARDED.replace("accept", "drop")))
    assert found.management.verdict is Proven.REFUTED


def test_a_relay_on_this_machine_is_not_taken_for_what_the_device_sees(engine: ChildAssessor) -> None:
    rules = initial_rules()
    behind = dataclasses.replace(FW1, address="127.0.0.1")
    found = proof(engine, rules, rules, device=behind, seen={})
    assert found.verdict is Proven.UNKNOWN
    assert "murenger_management_source" in found.note


def test_rules_that_cannot_be_read_are_unknown(engine: ChildAssessor) -> None:
    rules = initial_rules()
    found = proof(engine, rules, rules.replace("policy drop;", "policy maybe;", 1))
    assert (found.verdict, found.states_verdict) == (Proven.UNKNOWN, Proven.PROVED)
    assert "it depends on" in found.management.text


def test_what_the_plan_promises_must_be_what_its_candidate_gives(engine: ChildAssessor) -> None:
    rules = initial_rules()
    live = Text(device=FW1, live=None, candidate="", expected_digest="", text=rules)
    case: Any = Text(device=FW1, live=live, candidate=rules, expected_digest="sha256:00")
    found = Proving(lambda: engine, lambda: Inventory(SEEN)).prove(case, case)
    assert found.verdict is Proven.UNKNOWN
    assert "promises" in found.note


def test_our_own_address_towards_the_device_is_named_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving_module, "own_address", lambda _host: ("192.0.2.7", "198.51.100.1"))
    found = management_of(FW1, lambda _name: None)
    assert found.sources == ("192.0.2.7/32",)
    assert (found.address, found.port) == ("198.51.100.1", 22)
    assert found.text.endswith("(our own address towards the device)")


def test_several_prefixes_may_be_told() -> None:
    told = {"murenger_management_source": "192.0.2.0/28, 2001:db8::/64", "murenger_management_port": "2222"}
    found = management_of(FW1, told.get)
    assert found.sources == ("192.0.2.0/28", "2001:db8::/64")
    assert (found.address, found.port) == ("", 2222)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("murenger_management_source", "runner.example.net"),
        ("murenger_management_source", "{{ lookup('pipe', 'id') }}"),
        ("murenger_management_address", "192.0.2.0/24"),
        ("murenger_management_port", "65536"),
        ("murenger_management_port", "ssh"),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        management_of(FW1, {**SEEN, name: value}.get)


def test_a_device_that_no_name_leads_to_is_unknown(engine: ChildAssessor, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(_host: str) -> tuple[str, str]:
        raise UnreachableError("the address of 'fw1' is not known")

    monkeypatch.setattr(proving_module, "own_address", nowhere)
    rules = initial_rules()
    assert "is not known" in proof(engine, rules, rules, seen={}).note


def prove_on(bench: Any, scenario: str) -> HitlessProof:
    """Return what is proven of the plan that undoes a scenario on the switch."""
    bench.switch.drift(scenario)
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    examination = site.examine(device)
    return proving(site.parts).prove(examination, site.preview(examination))


@pytest.mark.parametrize("scenario", ["acl-rogue-permit", "vlan"])
def test_drift_outside_the_management_sections_of_a_switch_is_proved(bench: Any, scenario: str) -> None:
    found = prove_on(bench, scenario)
    assert found.verdict is Proven.PROVED
    assert "sections that decide who may manage the device stay as they are" in found.management.text


def type_at(bench: Any, *lines: str) -> HitlessProof:
    """Return what is proven of the plan that undoes what somebody types at the switch."""
    assert not bench.switch.ask("cli", user="mallory", lines=list(lines)).get("refused")
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    examination = site.examine(device)
    return proving(site.parts).prove(examination, site.preview(examination))


def test_a_plan_that_touches_management_access_of_a_switch_is_refused_and_names_it(bench: Any) -> None:
    found = type_at(bench, "management ssh", "idle-timeout 16")
    assert (found.verdict, found.states_verdict) == (Proven.UNKNOWN, Proven.PROVED)
    assert "management ssh" in found.management.text
    assert "by hand" in found.management.text


def test_a_list_before_the_switch_may_change_if_it_lets_us_pass_as_before(bench: Any) -> None:
    found = type_at(bench, "ip access-list standard MGMT", "5 permit 192.0.2.66/32")
    assert found.verdict is Proven.PROVED
    assert "changed lists before the device itself let us pass as before: MGMT" in found.management.text


def test_a_list_before_the_switch_that_stops_us_is_refuted(bench: Any) -> None:
    golden = bench.switch.running()
    known = dialect("eos")
    leaf1 = Device(name="leaf1", platform="eos", address="127.0.0.1", port=443)
    shut = golden.replace("ip access-list standard MGMT\n", "ip access-list standard MGMT\n   5 deny any\n")
    assert shut != golden
    seen = {"murenger_management_source": "127.0.0.1"}
    found = proof(ChildAssessor(), expected_after(golden, golden, known), shut, device=leaf1, seen=seen)
    assert found.management.verdict is Proven.REFUTED
    assert "access-list standard MGMT" in found.management.text
