"""Names: a box in words is one safe line, exact, and says no more than is so."""

import dataclasses
import pathlib

import pytest

from murenger.config.intents import read_intents
from murenger.semantics.intervals import ANY_PORT, ANY_PROTOCOL, IntervalSet, any_address, network
from murenger.semantics.ir import (
    L4,
    Hook,
    Match,
    NamedAddresses,
    NamedService,
    OpaqueKey,
    Places,
    Ruleset,
    State,
    TcpFlags,
)
from murenger.semantics.names import Names, address_text, one_line, quoted, service_text, unknown_text
from murenger.semantics.verdict import Reason, Unknown

HOSTILE = "x\x1b]0;owned\x07\n\u202e, eth0 -> eth1"


def ruleset(*named: tuple[str, str], services: tuple[NamedService, ...] = ()) -> Ruleset:
    addresses = [(name, *network(prefix)) for name, prefix in named]
    return Ruleset(
        platform="eos",
        lists=(),
        covers=frozenset(),
        addresses=tuple(NamedAddresses(name=n, family=f, addresses=a) for n, f, a in addresses),
        services=services,
    )


def tcp(low: int, high: int | None = None) -> L4:
    return L4(IntervalSet.single(6), ANY_PORT, IntervalSet(((low, high or low),)))


def box(src: str = "", dst: str = "", l4: L4 | None = None, **more: object) -> Match:
    family = network(src or dst)[0] if src or dst else 4
    sides = [network(text)[1] if text else any_address(family) for text in (src, dst)]
    match = Match(family=family, src=sides[0], dst=sides[1], l4=(l4 or tcp(3389),))
    return dataclasses.replace(match, **more)  # type: ignore[arg-type]  # a test names fields that there are


PORTED = IntervalSet.of((6, 6), (17, 17), (33, 33), (132, 132), (136, 136))
NONE = Ruleset(platform="eos", lists=(), covers=frozenset())
SERVERS = ruleset(
    ("card-db", "10.1.2.3"), ("servers", "10.1.2.0/24"), ("sites", "10.0.0.0/8"), ("card6", "2001:db8::1")
)


@pytest.mark.parametrize(
    ("match", "text"),
    [
        (
            box("", "10.1.2.3", ingress=Places.of("eth0"), egress=Places.of("eth1")),
            "tcp 3389 from any to card-db (10.1.2.3), eth0 -> eth1",
        ),
        (box("", "10.1.2.4"), "tcp 3389 from any to 10.1.2.4 (part of servers)"),
        (box("10.1.2.0/24", "192.0.2.0/25"), "tcp 3389 from servers (10.1.2.0/24) to 192.0.2.0/25"),
        (box("10.1.0.0/16", ""), "tcp 3389 from 10.1.0.0/16 (part of sites) to any"),
        (box("", "2001:db8::1"), "tcp 3389 from any to card6 (2001:db8::1)"),
        (box(), "tcp 3389 from any to any, IPv4"),
        (box(l4=L4()), "all traffic from any to any, IPv4"),
        (
            box("", "10.1.2.3", ingress=Places.but("eth9")),
            "tcp 3389 from any to card-db (10.1.2.3), any but eth9 -> any",
        ),
        (box("", "10.1.2.3", state=State.ESTABLISHED), "tcp 3389 from any to card-db (10.1.2.3), state established"),
        (box("", "10.1.2.3", flags=TcpFlags.ACK_OR_RST), "tcp 3389 from any to card-db (10.1.2.3), with ACK or RST"),
        (
            box("", "10.1.2.3", opaque=((OpaqueKey("app", "0" * 64, "application ssl"), False),)),
            "tcp 3389 from any to card-db (10.1.2.3), if not application ssl",
        ),
    ],
)
def test_a_box_is_one_readable_line(match: Match, text: str) -> None:
    assert Names(NONE, SERVERS).box(match, Hook.FORWARD) == text


def test_the_way_of_host_bound_and_unbound_traffic_is_told() -> None:
    names, match = Names(NONE, NONE), box("", "10.1.2.3")
    assert names.box(match, Hook.INPUT).endswith(", any -> this device")
    assert names.box(match, Hook.OUTPUT).endswith(", this device -> any")
    assert names.box(match, Hook.ACL, "OUTSIDE IN").endswith(', in list "OUTSIDE IN"')


def test_an_object_with_a_hole_does_not_hold_what_lies_in_it() -> None:
    held = NamedAddresses(name="both-ends", family=4, addresses=IntervalSet(((1, 4), (9, 12))))
    names = Names(NONE, dataclasses.replace(NONE, addresses=(held,)))
    assert names.addresses(4, IntervalSet.single(6)) == "0.0.0.6"
    assert names.addresses(4, IntervalSet.single(9)) == "0.0.0.9 (part of both-ends)"


def test_a_segments_name_comes_before_an_objects() -> None:
    text = (
        "version: 1\nsegments:\n  - {name: cde, prefixes: [10.1.2.3]}\n"
        "services:\n  - {name: rdp, protocol: tcp, ports: [3389]}\n  - "
        "{name: high, protocol: tcp, ports: [8000-9000]}\n"
        "intents:\n  - {name: i, expect: deny, severity: low}\n"
    )
    names = Names(SERVERS, SERVERS, read_intents(pathlib.Path("i.yml"), text.encode()))
    assert names.box(box("", "10.1.2.3"), Hook.FORWARD) == "rdp (tcp 3389) from any to cde (10.1.2.3)"
    assert names.box(box("", "10.1.2.3", tcp(8443)), Hook.FORWARD).startswith("tcp 8443 (part of high) from")


def test_a_service_that_is_a_whole_protocol_is_not_named_as_what_holds_another() -> None:
    services = (
        NamedService(name="ALL_TCP", l4=(L4(IntervalSet.single(6)),)),
        NamedService(name="TCP-25", l4=(tcp(25),)),
        NamedService(name="web", l4=(tcp(80), tcp(443))),
        NamedService(name="admin", l4=(tcp(443), tcp(22), tcp(1, 1023))),
    )
    names = Names(NONE, ruleset(services=services))
    assert names.service(4, tcp(3389)) == "tcp 3389"
    assert names.service(4, tcp(25)) == "tcp 25"
    assert names.service(4, tcp(443)) == "tcp 443 (part of web)"
    assert names.service(4, tcp(500)) == "tcp 500 (part of admin)"


@pytest.mark.parametrize(
    ("family", "l4", "text"),
    [
        (4, L4(IntervalSet.single(1), IntervalSet.single(8), IntervalSet.single(0)), "icmp echo-request code 0"),
        (4, L4(IntervalSet.single(1)), "icmp"),
        (4, L4(IntervalSet.single(58), IntervalSet.single(8)), "icmpv6"),
        (6, L4(IntervalSet.single(58), IntervalSet(((130, 132),))), "icmpv6 type 130-132"),
        (
            4,
            L4(IntervalSet.single(17), IntervalSet.single(53), IntervalSet(((1024, 65535),))),
            "udp 1024-65535 from source port 53",
        ),
        (4, L4(IntervalSet.of((6, 6), (17, 17)), ANY_PORT, IntervalSet.single(53)), "tcp/udp 53"),
        (4, L4(IntervalSet.single(47)), "gre"),
        (4, L4(IntervalSet.single(99)), "protocol 99"),
        (4, L4(IntervalSet(((0, 200),))), "protocols 0-200"),
        (4, L4(ANY_PROTOCOL, ANY_PORT, IntervalSet.single(7)), "any protocol (port 7)"),
        (4, L4(), "all traffic"),
        (4, L4(PORTED, ANY_PORT, IntervalSet.single(9)), "every protocol with ports (port 9)"),
        (6, L4(PORTED | IntervalSet.single(58)), "icmpv6 and every protocol with ports"),
    ],
)
def test_services_without_a_name_are_spelt_out(family: int, l4: L4, text: str) -> None:
    assert service_text(family, l4) == text


@pytest.mark.parametrize(
    ("spans", "text"),
    [
        (((0x0A010200, 0x0A0102FF),), "10.1.2.0/24"),
        (((0x0A010201, 0x0A010202),), "10.1.2.1-10.1.2.2"),
        (((1, 1), (3, 3)), "0.0.0.1, 0.0.0.3"),
        (tuple((n * 2, n * 2) for n in range(9)), "0.0.0.0, 0.0.0.2, 0.0.0.4 and 6 more ranges"),
    ],
)
def test_addresses_are_written_as_prefixes_where_they_are(spans: tuple[tuple[int, int], ...], text: str) -> None:
    assert address_text(4, IntervalSet(spans)) == text


def test_no_name_acts_on_a_terminal_or_breaks_the_line() -> None:
    key = OpaqueKey("app", "0" * 64, HOSTILE)
    match = box("", "10.1.2.3", ingress=Places.of(HOSTILE), opaque=((key, True),))
    names = Names(NONE, ruleset((HOSTILE, "10.1.2.3")))
    for text in (names.box(match, Hook.ACL, HOSTILE), names.box(match, Hook.FORWARD), one_line(HOSTILE)):
        assert text.isprintable()
    # What stands in the name cannot be taken for the way of the packets.
    assert names.box(match, Hook.FORWARD).count('"') == 4
    assert len(quoted("x" * 9_999)) < 80
    assert len(one_line("y" * 9_999)) <= 400


def test_why_something_is_unknown_is_one_line_that_begins_with_the_reason() -> None:
    unknown = Unknown(reason=Reason.UNREADABLE, text="what is\nthis\x1b[2J", golden_line=3, live_line=4)
    assert unknown_text(unknown) == "unreadable: what is this\\x1b[2J (golden line 3, live line 4)"
