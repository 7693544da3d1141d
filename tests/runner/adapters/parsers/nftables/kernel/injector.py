"""The part of the oracle inside the namespaces: loads rulesets, sends frames, says which came through.

Input: JSON lines on standard input; the first one is the topology. Output: one JSON line for each.

Run it in fresh network (and user) namespaces: `unshare --user --map-root-user --net python injector.py`.
"""

import contextlib
import ctypes
import json
import os
import pathlib
import select
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

Seen = dict[int, str]
"""Index of a packet that came through -> interface where it left, or "" where it reached the firewall itself."""

_LIBC = ctypes.CDLL(None, use_errno=True)
_NEW_NETWORK = 0x40000000
_EVERY_TYPE, _MARKER_TYPE = 0x0003, 0x88B5
_SOL_PACKET, _IGNORE_OUTGOING = 263, 23
_NETFILTER, _DELETE_CONNECTIONS, _ACKNOWLEDGED_REQUEST = 12, 0x0102, 5
_MARKER = b"\xff" * 6 + b"\x02\0\0\0\0\xff" + struct.pack("!H", _MARKER_TYPE)
_DEADLINE_MS = 20_000
_DRAIN_EVERY = 24
_MAGIC = b"MRGR"
_PAYLOAD_AT = {1: 8, 58: 8, 6: 20, 17: 8, 47: 4, 50: 8}


def _call(result: int) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _enter(namespace: int) -> None:
    _call(_LIBC.setns(namespace, _NEW_NETWORK))


def _ip(commands: list[str]) -> None:
    done = subprocess.run(
        ["ip", "-batch", "-"], input="\n".join(commands) + "\n", text=True, check=False, capture_output=True
    )
    if done.returncode:
        raise OSError(f"ip refused the network: {done.stderr}")


def _packet_socket(interface: str, kind: int) -> socket.socket:
    one = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(kind))
    one.bind((interface, kind))
    one.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
    one.setblocking(False)
    return one


def _raw_socket(family: int, protocol: int) -> socket.socket:
    one = socket.socket(family, socket.SOCK_RAW, protocol)
    one.setblocking(False)
    return one


class Firewall:
    """The firewall's namespace, where the process stays, and sockets on both sides of it."""

    def __init__(self, order: dict[str, Any]) -> None:
        wires = os.open("/proc/self/ns/net", os.O_RDONLY)
        _call(_LIBC.unshare(_NEW_NETWORK))
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        for setting in order["sysctls"]:
            name, value = setting.split("=")
            pathlib.Path("/proc/sys/net", name).write_text(value, encoding="ascii")
        _enter(wires)
        names = [name for name, _ in order["links"]]
        there = f"/proc/{os.getpid()}/fd/{home}"
        _ip([f"link add {name} type veth peer name {name} netns {there}" for name in names])
        _ip([f"link set {name} address {address} up" for name, address in order["links"]])
        self.outside = [_packet_socket(name, _EVERY_TYPE) for name in names]
        _enter(home)
        _ip(order["commands"])
        self.taps = [_packet_socket(name, _MARKER_TYPE) for name in names]
        self.inside = {}
        for protocol in _PAYLOAD_AT:
            self.inside[_raw_socket(socket.AF_INET, protocol)] = (20, protocol)
            self.inside[_raw_socket(socket.AF_INET6, protocol)] = (0, protocol)
        self.names = names
        self._own = frozenset(order["own"])

    def load(self, ruleset: str, *, is_listed: bool) -> dict[str, str]:
        """Replace the ruleset in one transaction; say why it was refused, or, if wanted, what the kernel then holds."""
        done = subprocess.run(
            ["nft", "-f", "-"], input="flush ruleset\n" + ruleset, text=True, check=False, capture_output=True
        )
        if done.returncode:
            return {"error": done.stderr}
        if not is_listed:
            return {}
        listings = [
            subprocess.run(["nft", "-s", *more, "list", "ruleset"], text=True, check=True, capture_output=True).stdout
            for more in ([], ["-j"])
        ]
        return {"text": listings[0], "json": listings[1]}

    def forget(self) -> None:
        """Delete every tracked connection."""
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER) as netlink:
            netlink.send(struct.pack("=IHHII4x", 20, _DELETE_CONNECTIONS, _ACKNOWLEDGED_REQUEST, 1, 0))
            _, kind, _, _, _, error = struct.unpack("=IHHIIi", netlink.recv(4096)[:20])
            if kind != 2 or error:  # NLMSG_ERROR, which also says that all is well
                raise OSError(-error, "connections cannot be deleted")

    def send(self, frames: list[tuple[int, str]]) -> dict[str, Seen]:
        """Send frames from the wires; return what came through, as index -> interface, or "" for the firewall."""
        seen: Seen = {}
        for number, (link, frame) in enumerate(frames, 1):
            self.outside[link].send(bytes.fromhex(frame))
            if number % _DRAIN_EVERY == 0:
                self._collect(seen)
        # One CPU works frames off in their order: a marker that came in, and then one that went out, are behind them.
        for sender, receiver in ((self.outside, self.taps), (self.taps, self.outside)):
            for one in sender:
                one.send(_MARKER)
            for one in receiver:
                self._await_marker(one, seen)
        self._collect(seen)
        return {"seen": seen}

    def _await_marker(self, one: socket.socket, seen: Seen) -> None:
        poll = select.poll()
        poll.register(one, select.POLLIN)
        while poll.poll(_DEADLINE_MS):
            for frame in _received(one):
                if frame[12:14] == _MARKER[12:14]:
                    return
                self._note(frame, self.names[self.outside.index(one)], seen)
        raise TimeoutError("the firewall does not work frames off")

    def _collect(self, seen: Seen) -> None:
        for number, one in enumerate(self.outside):
            for frame in _received(one):
                self._note(frame, self.names[number], seen)
        for one, (header, protocol) in self.inside.items():
            for packet in _received(one):
                _note_payload(packet[header + _PAYLOAD_AT[protocol] :], "", seen)

    def _note(self, frame: bytes, name: str, seen: Seen) -> None:
        kind = frame[12:14]
        if kind == b"\x08\x00":
            protocol, begin, source = frame[23], 34, frame[26:30]
        elif kind == b"\x86\xdd":
            protocol, begin, source = frame[20], 54, frame[22:38]
        else:
            return
        # What the firewall itself says, such as a rejection, quotes packets that did not come through.
        if protocol in _PAYLOAD_AT and source.hex() not in self._own:
            _note_payload(frame[begin + _PAYLOAD_AT[protocol] :], name, seen)


def _received(one: socket.socket) -> Iterator[bytes]:
    while True:
        try:
            yield one.recv(2048)
        except BlockingIOError:
            return


def _note_payload(payload: bytes, name: str, seen: Seen) -> None:
    found = payload.find(_MAGIC)
    # The mark of an ICMP error stands behind the packet that it quotes.
    if found in {0, 28, 48}:
        seen[struct.unpack_from("!I", payload, found + 4)[0]] = name


def _answer(said: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Serve orders until the input ends."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    firewall = Firewall(json.loads(sys.stdin.readline()))
    _answer({})
    for line in sys.stdin:
        order = json.loads(line)
        if "ruleset" in order:
            answer = firewall.load(order["ruleset"], is_listed="listed" in order)
        elif "frames" in order:
            answer = firewall.send(order["frames"])
        else:
            firewall.forget()
            answer = {}
        _answer(answer)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
