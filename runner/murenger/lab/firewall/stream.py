"""A steady stream of numbered packets through the lab firewall, and what of it comes out on the other side.

Input: flows and a rate, as JSON on standard input, whose end ends the stream. Output: `ready`, then one JSON object
that counts what was sent and what arrived, and says how good the measurement was.
"""

import collections
import json
import select
import socket
import sys
import time
from collections.abc import Iterable, Sequence

from murenger.lab.firewall import namespaces
from murenger.lab.firewall.packets import Flow, packet, recognise
from murenger.lab.firewall.values import IPV6

# What is under way when the last packet was sent; a veth link needs microseconds.
DRAIN_S = 0.3
_TICK_S = 0.001
_ALL_PROTOCOLS = 0x0003
_BUFFER_BYTES = 8 * 1024 * 1024
# Numbers of linux/if_packet.h and linux/socket.h that Python does not name.
_SOL_PACKET, _PACKET_STATISTICS = 263, 6
_STATISTICS_BYTES = 8


class Catcher:
    """Listens to everything that arrives at one host."""

    def __init__(self, name: str) -> None:
        self.name = name
        with namespaces.inside(name):
            self.link = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ALL_PROTOCOLS))
            self.link.bind(("eth0", _ALL_PROTOCOLS))
        # Beyond the limit that an ordinary user may ask for the kernel gives what it may.
        self.link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self.link.setblocking(False)

    def drain(self) -> Iterable[bytes]:
        """Yield what arrived since the last call."""
        while True:
            try:
                data, origin = self.link.recvfrom(2048)
            except BlockingIOError:
                return
            if origin[2] != socket.PACKET_OUTGOING:
                yield data

    def overlooked(self) -> int:
        """Return how many packets the kernel could not hand over."""
        told = self.link.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, _STATISTICS_BYTES)
        return int.from_bytes(told[4:], sys.byteorder)


class Stream:
    """Sends and catches.

    Args:
        flows: what to send, each `share` times in a round.
        rate: packets a second, all flows together, > 0.
    """

    def __init__(self, flows: Sequence[Flow], rate: float) -> None:
        self._flows = flows
        self._rate = rate
        self._catchers = [Catcher(name) for name in sorted({flow.target for flow in flows})]
        self._senders = {key: _sender(*key) for key in sorted({(flow.source, flow.version == IPV6) for flow in flows})}
        self._sent = [0] * len(flows)
        self._caught: list[collections.Counter[int]] = [collections.Counter() for _ in flows]
        self._longest_gap_s = 0.0
        self._last_s = 0.0

    def run(self) -> dict[str, object]:
        """Go on until standard input ends, and return the count."""
        order = _interleaved(self._flows)
        started = self._last_s = time.monotonic()
        sent = 0
        links = [sys.stdin, *(catcher.link for catcher in self._catchers)]
        while True:
            due = int((time.monotonic() - started) * self._rate)
            for turn in range(sent, due):
                self._send(order[turn % len(order)])
            sent = max(sent, due)
            readable, _, _ = select.select(links, [], [], _TICK_S)
            self._catch()
            if sys.stdin in readable:
                break
        elapsed_s = time.monotonic() - started
        self._finish()
        return self._told(sent, elapsed_s)

    def _send(self, place: int) -> None:
        flow = self._flows[place]
        sender = self._senders[flow.source, flow.version == IPV6]
        sender.sendto(packet(flow, place, self._sent[place]), (flow.addresses[1], 0))
        self._sent[place] += 1
        now = time.monotonic()
        self._longest_gap_s = max(self._longest_gap_s, now - self._last_s)
        self._last_s = now

    def _catch(self) -> None:
        for catcher in self._catchers:
            for data in catcher.drain():
                found = recognise(data)
                # An answer may carry the number back to whoever asked: only what reached its target counts.
                if found is not None and found[0] < len(self._flows) and self._flows[found[0]].target == catcher.name:
                    self._caught[found[0]][found[1]] += 1

    def _finish(self) -> None:
        until = time.monotonic() + DRAIN_S
        while (left := until - time.monotonic()) > 0:
            select.select([catcher.link for catcher in self._catchers], [], [], left)
            self._catch()

    def _told(self, sent: int, elapsed_s: float) -> dict[str, object]:
        return {
            "sent": sent,
            "elapsed_s": elapsed_s,
            "longest_gap_s": self._longest_gap_s,
            "overlooked": sum(catcher.overlooked() for catcher in self._catchers),
            "flows": [
                {"name": flow.name, "sent": self._sent[place], "caught": _spans(self._caught[place])}
                for place, flow in enumerate(self._flows)
            ],
        }


def _sender(source: str, is_ipv6: bool) -> socket.socket:  # noqa: FBT001 - a key of the table of senders
    with namespaces.inside(source):
        link = socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
    return link


def _interleaved(flows: Sequence[Flow]) -> list[int]:
    """Return one round: each flow as often as its share, spread over the round."""
    turns = [((turn + 0.5) / flow.share, place) for place, flow in enumerate(flows) for turn in range(flow.share)]
    return [place for _, place in sorted(turns)]


def _spans(numbers: Iterable[int]) -> list[list[int]]:
    """Return sorted numbers as first and last of each unbroken run."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return spans


def main() -> int:
    """Run one stream.

    Returns:
        Exit code 0.
    """
    told = json.loads(sys.stdin.readline())
    stream = Stream([Flow(**flow) for flow in told["flows"]], float(told["rate"]))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdout.write(json.dumps(stream.run()) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
