"""Real TCP traffic through the lab firewall: listeners that echo, probes, sessions held open, and the management relay.

Input: the namespaces of the lab firewall. Output: connections that the kernel of the firewall forwarded, or did not.
"""

import asyncio
import contextlib
import itertools
import socket
import time

from murenger.lab.failure import LabError
from murenger.lab.firewall import namespaces, topology
from murenger.lab.firewall.values import IPV6, ProbeResult

RELAY_TIMEOUT_S = 30.0
_BACKLOG = 64
_CHUNK_BYTES = 65536


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()
    writer.close()


def _listener(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    return socket.create_server((address, port), family=family, backlog=_BACKLOG)


async def listen() -> tuple[asyncio.Server, ...]:
    """Start every echo server of the lab.

    Returns:
        The running servers.
    """
    servers = []
    for name, port in topology.LISTENERS:
        part = topology.segment(name)
        with namespaces.inside(name):
            sockets = [_listener(socket.AF_INET, part.host, port)]
            if topology.has_ipv6():
                sockets.append(_listener(socket.AF_INET6, part.host6, port))
        servers += [await asyncio.start_server(_echo, sock=listener) for listener in sockets]
    return tuple(servers)


async def connect(source: str, address: str, port: int, *, timeout_s: float) -> socket.socket:
    """Open a TCP connection from inside a namespace.

    Args:
        source: namespace to come from.
        address: IPv4 or IPv6 address to reach.
        port: TCP port to reach.
        timeout_s: seconds for the handshake, > 0.

    Returns:
        A connected, non-blocking socket.

    Raises:
        OSError: refused, unreachable or timed out.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with namespaces.inside(source):
        link = socket.socket(family, socket.SOCK_STREAM)
    link.setblocking(False)
    try:
        async with asyncio.timeout(timeout_s):
            await asyncio.get_running_loop().sock_connect(link, (address, port))
    except BaseException:
        link.close()
        raise
    return link


class Relay:
    """Passes connections from the machine's loopback on to the firewall's SSH port, over the management network."""

    def __init__(self) -> None:
        self._links: set[asyncio.StreamWriter] = set()

    async def serve(self, listener: socket.socket) -> asyncio.Server:
        """Begin to accept.

        Args:
            listener: a listening socket of the machine's own network namespace.

        Returns:
            The running server.
        """
        return await asyncio.start_server(self._carry, sock=listener)

    def cut(self) -> int:
        """Break every connection that is open, without a word to either side.

        Returns:
            How many there were.
        """
        count = len(self._links) // 2
        for writer in tuple(self._links):
            writer.transport.abort()
        return count

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            link = await connect(topology.MGMT.name, topology.MGMT.gateway, 22, timeout_s=RELAY_TIMEOUT_S)
            far_reader, far_writer = await asyncio.open_connection(sock=link)
            self._links |= {writer, far_writer}
            await asyncio.gather(_pour(reader, far_writer), _pour(far_reader, writer))
            self._links -= {writer, far_writer}
        writer.close()


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(_CHUNK_BYTES):
            sink.write(data)
            await sink.drain()
    sink.close()


class Sessions:
    """Probes, and connections held open between console requests."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}
        self._numbers = itertools.count(1)

    async def probe(self, source: str, target: str, port: int, *, version: int, timeout_s: float) -> ProbeResult:
        """Try one connection with one line there and back.

        Args:
            source: namespace to come from.
            target: namespace whose host is to be reached.
            port: TCP port.
            version: 4 or 6.
            timeout_s: seconds in all, > 0.

        Returns:
            What happened.
        """
        started = time.monotonic()
        try:
            async with asyncio.timeout(timeout_s):
                reader, writer = await self._open(source, target, port, version, timeout_s)
                try:
                    await _round_trip(reader, writer, "probe")
                finally:
                    writer.close()
        except TimeoutError:
            detail = "timed out"
        except ConnectionRefusedError:
            detail = "refused"
        except OSError as exc:
            detail = exc.strerror or str(exc)
        else:
            detail = "connected"
        return ProbeResult(connected=detail == "connected", detail=detail, took_s=time.monotonic() - started)

    async def hold(self, source: str, target: str, port: int, *, version: int, timeout_s: float) -> str:
        """Open a connection and keep it.

        Args:
            source: namespace to come from.
            target: namespace whose host is to be reached.
            port: TCP port.
            version: 4 or 6.
            timeout_s: seconds for handshake and first line, > 0.

        Returns:
            The session's name.

        Raises:
            LabError: it did not connect.
        """
        try:
            async with asyncio.timeout(timeout_s):
                reader, writer = await self._open(source, target, port, version, timeout_s)
                await _round_trip(reader, writer, "hold")
        except OSError as exc:
            raise LabError(f"no connection from {source} to {target}:{port}: {exc or 'timed out'}") from exc
        name = f"session-{next(self._numbers)}"
        self._held[name] = (reader, writer)
        return name

    async def is_alive(self, name: str, *, timeout_s: float) -> bool:
        """Send a line through a held session and see whether it comes back.

        Args:
            name: what `hold` returned.
            timeout_s: seconds to wait, > 0.

        Returns:
            True when the line came back in time.

        Raises:
            LabError: there is no such session.
        """
        reader, writer = self._find(name)
        try:
            async with asyncio.timeout(timeout_s):
                await _round_trip(reader, writer, f"alive {time.monotonic_ns()}")
        except OSError:
            return False
        return True

    def release(self, name: str) -> None:
        """Close a held session.

        Args:
            name: what `hold` returned.

        Raises:
            LabError: there is no such session.
        """
        _, writer = self._find(name)
        del self._held[name]
        # An abort sends a reset instead of waiting for a peer that the firewall may have cut off.
        writer.transport.abort()

    def _find(self, name: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            return self._held[name]
        except KeyError:
            raise LabError(f"no held session called {name!r}") from None

    async def _open(
        self, source: str, target: str, port: int, version: int, timeout_s: float
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        topology.segment(source)
        part = topology.segment(target)
        address = part.host6 if version == IPV6 else part.host
        link = await connect(source, address, port, timeout_s=timeout_s)
        return await asyncio.open_connection(sock=link)


async def _round_trip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, word: str) -> None:
    line = f"{word}\n".encode()
    writer.write(line)
    await writer.drain()
    # Lines that an earlier, timed-out round trip left under way may come first.
    while (answer := await reader.readline()) != line:
        if not answer:
            raise ConnectionResetError("the peer closed the session")
