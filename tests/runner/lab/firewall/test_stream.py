"""Numbered packets: only what is let through arrives. A broken link is broken on both sides."""

import contextlib
import json
import socket
import struct

import pytest

from murenger.lab import firewall
from murenger.lab.bench import Bench
from murenger.lab.failure import LabError
from murenger.lab.firewall import Flow, FlowCount, StreamCount
from murenger.lab.firewall.packets import packet, recognise

WEB = Flow(name="web", source="client", target="server", port=443)
SSH = Flow(name="ssh", source="client", target="server", port=22, share=3)


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("protocol", ["syn", "ack", "udp", "icmp"])
def test_every_packet_carries_its_flow_and_its_number(protocol: str, version: int) -> None:
    flow = Flow(name="x", source="client", target="server", protocol=protocol, port=443, version=version)
    assert recognise(packet(flow, 7, 123_456)) == (7, 123_456)
    assert recognise(packet(flow, 7, 123_456)[:-1]) is None


def test_a_packet_s_checksum_is_the_one_that_a_receiver_computes() -> None:
    data = packet(WEB, 0, 41)
    pseudo = data[12:20] + struct.pack("!HH", 6, len(data) - 20)
    words = struct.unpack(f"!{(len(pseudo) + len(data) - 20) // 2}H", pseudo + data[20:])
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    assert total == 0xFFFF
    assert socket.inet_ntoa(data[16:20]) == "203.0.113.10"


@pytest.mark.parametrize(
    "wrong", [{"source": "moon"}, {"target": "fw"}, {"protocol": "sctp"}, {"version": 5}, {"share": 0}, {"port": 65536}]
)
def test_a_flow_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(LabError):
        Flow(**({"name": "x", "source": "client", "target": "server"} | wrong))  # type: ignore[arg-type] # on purpose


def test_a_count_knows_what_was_lost() -> None:
    flow = FlowCount(name="x", sent=10, caught=((0, 3), (6, 6)))
    count = StreamCount(sent=10, elapsed_s=2.0, longest_gap_s=0.1, overlooked=0, flows=(flow,))
    assert (flow.arrived, flow.lost, count.rate, count.flow("x")) == (5, 5, 5.0, flow)


@pytest.mark.lab
def test_what_is_let_through_arrives_and_nothing_else(fw1: Bench) -> None:
    stream = firewall.stream(fw1.device_dir, (WEB, SSH), rate=400)
    assert firewall.probe(fw1.device_dir, target="server", port=443).connected
    count = stream.stop()
    web, ssh = count.flow("web"), count.flow("ssh")
    assert (web.lost, ssh.arrived, count.overlooked) == (0, 0, 0)
    assert web.sent + ssh.sent == count.sent
    with pytest.raises(LabError):
        stream.stop()


def greeting(port: int) -> socket.socket:
    """Return a connection on which the SSH server has spoken."""
    link = socket.create_connection(("127.0.0.1", port), timeout=10)
    assert link.recv(4) == b"SSH-"
    return link


def rest(link: socket.socket) -> bytes:
    """Return what still comes, or raise what ends it."""
    data = b""
    while more := link.recv(4096):
        data += more
    return data


@pytest.mark.lab
def test_cutting_ends_every_management_connection_and_new_ones_succeed(fw1: Bench) -> None:
    port = int(json.loads((fw1.device_dir / "ready.json").read_bytes())["port"])
    with greeting(port) as one, greeting(port) as other:
        assert firewall.cut(fw1.device_dir) == 2
        for link in (one, other):
            with contextlib.suppress(ConnectionResetError):
                rest(link)
    greeting(port).close()
