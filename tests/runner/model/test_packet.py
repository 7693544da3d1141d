"""Packets as JSON: what is written is read back, what is left out has its default, what is wrong is named."""

import ipaddress
import re
from collections.abc import Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from murenger.model.packet import (
    PORT_PROTOCOLS,
    STATES,
    Packet,
    packet_from_json,
    packet_to_json,
)

BASE = {"src": "192.0.2.1", "dst": "10.1.2.3", "proto": "tcp"}


@st.composite
def packets(draw: st.DrawFn) -> Packet:
    family = draw(st.sampled_from((4, 6)))
    proto = draw(st.integers(0, 255))
    is_icmp = (family, proto) in ((4, 1), (6, 58))
    top = 65_535 if proto in PORT_PROTOCOLS else 255 if is_icmp else 0
    address = st.integers(0, (1 << (32 if family == 4 else 128)) - 1)
    names = st.sampled_from(("", "eth0", "dmz", "ppp*"))
    return Packet(
        family=family,
        src=draw(address),
        dst=draw(address),
        proto=proto,
        sport=draw(st.integers(0, top)),
        dport=draw(st.integers(0, top)),
        flags=draw(st.sampled_from(("syn", "ack", "none"))) if proto == 6 else "none",
        state=draw(st.sampled_from(STATES)),
        ingress=draw(names),
        egress=draw(names),
        acl=draw(names),
    )


@given(packets())
@example(Packet(family=6, src=0, dst=0, proto=1, sport=0, dport=0, flags="none"))
@example(Packet(family=4, src=0, dst=0, proto=58, sport=0, dport=0, flags="none"))
def test_what_is_written_is_read_back(packet: Packet) -> None:
    assert packet_from_json(packet_to_json(packet)) == packet


@given(st.text(alphabet="0123456789.:af/%x ", max_size=20) | st.ip_addresses().map(str))
def test_addresses_are_read_as_the_standard_library_reads_them(text: str) -> None:
    try:
        expected = ipaddress.ip_address(text)
    except ValueError:
        expected = None
    if expected is None or getattr(expected, "scope_id", None) is not None:
        with pytest.raises(ValueError, match=r"^src must"):
            packet_from_json({**BASE, "src": text})
    elif expected.version == 4:
        assert packet_from_json({**BASE, "src": text}).src == int(expected)
    else:
        assert packet_from_json({**BASE, "src": text, "dst": "2001:db8::1"}).src == int(expected)


@pytest.mark.parametrize(
    "text", ["010.1.2.3", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.-1", "1.2.3.+4", "\uff11.2.3.4", ""]
)
def test_an_address_that_only_looks_like_one_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="dst must be an IPv4 or IPv6 address"):
        packet_from_json({**BASE, "dst": text})


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, {"sport": 40_000, "dport": 0, "flags": "syn", "state": "new"}),
        ({"state": "established"}, {"flags": "ack"}),
        ({"flags": "SA"}, {"flags": "ack"}),
        ({"flags": "syn,ecn"}, {"flags": "syn"}),
        ({"flags": "F"}, {"flags": "none"}),
        ({"flags": "none"}, {"flags": "none"}),
        ({"flags": ["rst"]}, {"flags": "ack"}),
        ({"proto": "icmp"}, {"proto": 1, "sport": 8, "dport": 0, "flags": "none"}),
        ({"proto": 47}, {"proto": 47, "sport": 0, "dport": 0}),
        ({"proto": "TCP"}, {"proto": 6}),
        ({"proto": "89"}, {"proto": 89}),
    ],
)
def test_what_is_left_out_has_its_default(said: Mapping[str, object], expected: Mapping[str, object]) -> None:
    packet = packet_from_json({**BASE, **said})
    assert {name: getattr(packet, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"dport": 65_536}, "dport must be a number from 0 to 65535"),
        ({"dport": True}, "dport must be"),
        ({"dport": "80"}, "dport must be"),
        ({"dport": 80.0}, "dport must be"),
        ({"proto": "tpc"}, "proto must be"),
        ({"proto": None}, "proto must be"),
        ({"proto": "gre", "dport": 1}, "protocol gre has no dport"),
        ({"proto": "icmp", "type": 256}, "type must be"),
        ({"proto": "udp", "flags": "syn"}, "protocol udp has no flags"),
        ({"flags": "sun"}, "unknown TCP flag"),
        ({"flags": 2}, "flags must be text"),
        ({"state": "open"}, "state must be one of"),
        ({"state": []}, "state must be one of"),
        ({"in": 1}, "in must be a name"),
        ({"in": "x" * 300}, "in must be a name"),
        ({"port": 80}, "unknown field 'port'"),
        ({"dst": "2001:db8::1"}, "different address families"),
        ({"src": None}, "src must be"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(said: Mapping[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        packet_from_json({**BASE, **said})
