"""Every mutant of the catalogue is found on every platform, and every no-op twin is proven equal.

Input: the fixtures `perimeter` and edits of their text. Output: the verdict of the comparison, both ways.
"""

import functools
import json
from collections.abc import Mapping, Sequence

import pytest

from murenger.adapters.parsers import PLATFORMS, parser_for
from murenger.model.impact import Verdict
from murenger.model.packet import packet_from_json, packet_to_json
from murenger.semantics.compare import compare
from murenger.semantics.interpreter import trace
from murenger.semantics.ir import Ruleset
from murenger.semantics.verdict import Comparison

from .catalogue import NUMBERS, Expect, Mutant, Subject, Twin, edited
from .cisco import ASA, IOS
from .fortinet import FORTIOS
from .juniper import ROUTER, SRX
from .linux import IPTABLES, NFTABLES
from .paloalto import PANOS
from .pf import OPNSENSE, PFSENSE
from .switches import EOS, NXOS

SUBJECTS = (NFTABLES, IPTABLES, EOS, NXOS, IOS, ASA, PANOS, FORTIOS, SRX, ROUTER, PFSENSE, OPNSENSE)
MUTANTS = [
    pytest.param(subject, mutant, id=f"{subject.name}-{mutant.number}-{mutant.name}")
    for subject in SUBJECTS
    for mutant in subject.mutants
]
TWINS = [
    pytest.param(subject, twin, id=f"{subject.name}-{'+'.join(map(str, twin.numbers))}-{twin.name}")
    for subject in SUBJECTS
    for twin in subject.twins
]


_ONE_WAY = 11
"""From this kind on a mutant is compared one way alone, which saves half of the time."""


@functools.cache
def _read(platform: str, text: str) -> Ruleset:
    return parser_for(platform).parse(text)


def _golden(subject: Subject) -> Ruleset:
    return _read(subject.platform, subject.text)


def _confirm(golden: Ruleset, live: Ruleset, found: Comparison) -> None:
    """Hold each witness against the interpreter, after the way through JSON that people send it."""
    for region in found.regions:
        packet = packet_from_json(json.loads(json.dumps(packet_to_json(region.witness))))
        assert packet == region.witness
        answers = trace(golden, packet).answer.value, trace(live, packet).answer.value
        certain = ("deny", "allow") if region.opened else ("allow", "deny")
        assert answers == certain if region.is_certain else "unknown" in answers


@pytest.mark.parametrize(("subject", "mutant"), MUTANTS)
def test_a_mutant_is_found(subject: Subject, mutant: Mutant) -> None:
    golden, live = _golden(subject), parser_for(subject.platform).parse(edited(subject.text, mutant.edits))
    ways = ((golden, live), (live, golden)) if mutant.number < _ONE_WAY else ((golden, live),)
    for one, other in ways:
        found = compare(one, other)
        _confirm(one, other, found)
        if mutant.expect is Expect.DIFFERENT:
            assert found.verdict is Verdict.DIFFERENT
            assert any(region.is_certain for region in found.regions)
        elif mutant.expect is Expect.NOT_EQUAL:
            assert found.verdict is not Verdict.EQUAL
        else:
            assert found.handling or found.verdict is not Verdict.EQUAL


@pytest.mark.parametrize(("subject", "twin"), TWINS)
def test_a_twin_is_proven_equal(subject: Subject, twin: Twin) -> None:
    text = edited(subject.text, twin.edits)
    assert text != subject.text
    found = compare(_golden(subject), parser_for(subject.platform).parse(text))
    assert (found.verdict, found.unknowns, found.regions) == (Verdict.EQUAL, (), ())
    assert not found.handling or 7 in twin.numbers, "a default that is said may be handled otherwise"


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_a_fixture_is_equal_to_itself(subject: Subject) -> None:
    assert compare(_golden(subject), parser_for(subject.platform).parse(subject.text)).verdict is Verdict.EQUAL


UNSEEN_BY_THE_LIBRARY: Mapping[str, Sequence[tuple[str, str | int]]] = {
    "body of a schedule": [("asa", 10), ("ios", 10), ("fortios", 10), ("panos", 10), ("srx", 10), ("pfsense", 10)],
    "allowaccess": [("fortios", "management access")],
    "local-in policy": [("fortios", "local-in policy"), ("fortios", "local-in policy gone")],
    "permitted-ip": [("panos", "management access"), ("panos", "management access through an interface")],
    "ssh, telnet, http": [("asa", "management source"), ("asa", "telnet let in"), ("asa", "web management source")],
    "vty access-class": [("ios", "vty access list"), ("ios", "vty access list gone")],
    "control plane": [
        ("asa", "control-plane list unbound"),
        ("asa", "control-plane list widened"),
        ("ios", "control plane"),
    ],
    "outbound access-group": [("asa", "outbound list unbound"), ("asa", "delete from an outbound list")],
    "host-inbound-traffic": [("srx", "management access"), ("srx", "policy for the device")],
    "filter on an interface of an SRX": [("srx", "filter put on an interface")],
    "raw, mangle, nat": [("iptables", "table raw"), ("iptables", "table mangle added"), ("iptables", "NAT")],
    "INPUT": [("iptables", "host-bound chain"), ("iptables", "IPv6 input policy")],
    "ESTABLISHED,RELATED": [("iptables", "related dropped")],
    "anti-lockout": [("pfsense", "anti-lockout"), ("opnsense", "anti-lockout")],
    "disabled rules": [(name, "disabled rule changed") for name in ("panos", "pfsense", "opnsense")]
    + [("asa", "disabled entry changed"), ("fortios", "disabled policy changed"), ("srx", "inactive policy changed")],
    "rules that are not loaded": [("pfsense", "rule that is not loaded added"), ("pfsense", "all IPv6 blocked")],
}
"""What fwshift's model and report leave out, or only note, and the mutants that show that it is seen here."""


@pytest.mark.parametrize("what", UNSEEN_BY_THE_LIBRARY)
def test_what_the_library_does_not_see_is_among_the_mutants(what: str) -> None:
    known = {(subject.name, mutant.name) for subject in SUBJECTS for mutant in subject.mutants}
    known_kinds = {(subject.name, mutant.number) for subject in SUBJECTS for mutant in subject.mutants}
    assert set(UNSEEN_BY_THE_LIBRARY[what]) <= known | known_kinds


def test_no_platform_is_missing() -> None:
    assert {subject.platform for subject in SUBJECTS} == set(PLATFORMS)
    assert len({subject.name for subject in SUBJECTS}) == len(SUBJECTS)


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
@pytest.mark.parametrize("number", NUMBERS)
def test_a_kind_of_mutant_is_present_with_its_twin_or_has_a_reason_to_be_absent(subject: Subject, number: int) -> None:
    mutants = [one for one in subject.mutants if one.number == number]
    twins = [one for one in subject.twins if number in one.numbers]
    if number in subject.absent:
        assert not mutants
        assert not twins
    else:
        assert mutants
        assert twins
    assert (number in subject.absent) is (number not in APPLICABLE[subject.name])


APPLICABLE = {
    "nftables": {1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13, 14},
    "iptables": {1, 2, 3, 4, 5, 7, 9, 10, 11, 14},
    "eos": {1, 2, 3, 4, 5, 6, 7, 11, 12, 14},
    "nxos": {1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 14},
    "ios": {1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 14},
    "asa": {1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14},
    "panos": {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14},
    "fortios": {1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 14},
    "srx": {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14},
    "junos-filters": {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14},
    "pfsense": {1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 13, 14},
    "opnsense": {1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 13, 14},
}
"""Which kinds a platform has: written down a second time, so that none can go missing unnoticed."""
