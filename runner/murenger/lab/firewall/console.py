"""What tests and demonstrations do around the lab firewall: probe, hold sessions open, look at the connection table.

Input: the folder of a running lab firewall. Output: what the kernel of that firewall let through.
"""

import dataclasses
import os
import pathlib
from collections.abc import Sequence
from typing import Any, cast

from murenger.lab.control import JsonObject, ask
from murenger.lab.failure import LabError
from murenger.lab.firewall.packets import Flow
from murenger.lab.firewall.values import IPV4, Finished, FlowCount, ProbeResult, StreamCount

PROBE_TIMEOUT_S = 1.5
_GRACE_S = 35.0


def ask_device(device_dir: pathlib.Path, request: JsonObject, *, timeout_s: float = _GRACE_S) -> JsonObject:
    """Send one request to a device's console, however long its folder's name is.

    Args:
        device_dir: the device's folder.
        request: a JSON object with an `op`.
        timeout_s: seconds to wait, > 0.

    Returns:
        The reply.

    Raises:
        LabError: the device is not up, or refused.
    """
    try:
        # A socket's name is limited to 107 bytes; the way through a descriptor is always short.
        fd = os.open(device_dir, os.O_PATH)
        try:
            return ask(pathlib.Path(f"/proc/self/fd/{fd}/console.sock"), request, timeout_s=timeout_s)
        finally:
            os.close(fd)
    except ValueError as exc:
        raise LabError(str(exc), device=device_dir.name) from exc
    except OSError as exc:
        raise LabError("the console does not answer", device=device_dir.name, hint="run `murenger lab up`") from exc


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A TCP session that the lab keeps open through the firewall.

    Attributes:
        device_dir: the firewall's folder.
        name: the session's name inside it.
    """

    device_dir: pathlib.Path
    name: str

    def is_alive(self, *, timeout_s: float = PROBE_TIMEOUT_S) -> bool:
        """Send a line through the session and tell whether it came back.

        Args:
            timeout_s: seconds to wait, > 0.
        """
        reply = ask_device(self.device_dir, {"op": "held", "session": self.name, "timeout_s": timeout_s})
        return reply["alive"] is True

    def release(self) -> None:
        """Close the session."""
        ask_device(self.device_dir, {"op": "release", "session": self.name})


def _path(source: str, target: str, port: int, version: int, timeout_s: float) -> JsonObject:
    return {"source": source, "target": target, "port": port, "version": version, "timeout_s": timeout_s}


def probe(
    device_dir: pathlib.Path,
    *,
    source: str = "client",
    target: str = "carddb",
    port: int = 5432,
    version: int = IPV4,
    timeout_s: float = PROBE_TIMEOUT_S,
) -> ProbeResult:
    """Try a real TCP connection through the firewall.

    Args:
        device_dir: the firewall's folder.
        source: namespace to come from: client, server, carddb or mgmt.
        target: namespace whose host is to be reached.
        port: TCP port.
        version: 4 or 6.
        timeout_s: seconds, > 0.

    Returns:
        What happened; a dropped connection reads `timed out`.

    Raises:
        LabError: the firewall is not up, or a name is unknown.
    """
    reply = ask_device(device_dir, {"op": "probe", **_path(source, target, port, version, timeout_s)})
    return ProbeResult(
        connected=reply["connected"] is True, detail=str(reply["detail"]), took_s=float(str(reply["took_s"]))
    )


def hold(
    device_dir: pathlib.Path,
    *,
    source: str = "client",
    target: str = "carddb",
    port: int = 5432,
    version: int = IPV4,
    timeout_s: float = PROBE_TIMEOUT_S,
) -> Held:
    """Open a TCP connection through the firewall and keep it open.

    Args:
        device_dir: the firewall's folder.
        source: namespace to come from.
        target: namespace whose host is to be reached.
        port: TCP port.
        version: 4 or 6.
        timeout_s: seconds for the handshake, > 0.

    Returns:
        The session; it lives until it is released or the lab goes down.

    Raises:
        LabError: it did not connect.
    """
    reply = ask_device(device_dir, {"op": "hold", **_path(source, target, port, version, timeout_s)})
    return Held(device_dir=device_dir, name=str(reply["session"]))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Packets that the lab sends through the firewall, one after another, until they are stopped.

    Attributes:
        device_dir: the firewall's folder.
        name: the stream's name inside it.
    """

    device_dir: pathlib.Path
    name: str

    def stop(self) -> StreamCount:
        """Stop, and count what arrived.

        Raises:
            LabError: sending ended by itself.
        """
        told = ask_device(self.device_dir, {"op": "streamed", "stream": self.name})
        flows = cast("list[dict[str, Any]]", told["flows"])
        return StreamCount(
            sent=int(str(told["sent"])),
            elapsed_s=float(str(told["elapsed_s"])),
            longest_gap_s=float(str(told["longest_gap_s"])),
            overlooked=int(str(told["overlooked"])),
            flows=tuple(
                FlowCount(
                    name=flow["name"],
                    sent=flow["sent"],
                    caught=tuple((first, last) for first, last in flow["caught"]),
                )
                for flow in flows
            ),
        )


def stream(device_dir: pathlib.Path, flows: Sequence[Flow], *, rate: float = 1000.0) -> Stream:
    """Begin to send numbered packets through the firewall, and to catch what comes out.

    Args:
        device_dir: the firewall's folder.
        flows: what to send.
        rate: packets a second, all flows together, > 0.

    Returns:
        The stream; it ends when it is stopped, or with the lab.

    Raises:
        LabError: the firewall is not up, or packets cannot be made there.
    """
    asked = [dataclasses.asdict(flow) for flow in flows]
    reply = ask_device(device_dir, {"op": "stream", "flows": asked, "rate": rate})
    return Stream(device_dir=device_dir, name=str(reply["stream"]))


def cut(device_dir: pathlib.Path, *, once: str = "") -> int:
    """Break every management connection to the firewall.

    Args:
        device_dir: the firewall's folder.
        once: pattern of a path on the firewall; it is waited for until something of that name is there.

    Returns:
        How many connections were cut.

    Raises:
        LabError: the firewall is not up, or the path does not appear.
    """
    return int(str(ask_device(device_dir, {"op": "cut", "once": once})["cut"]))


def in_fw(
    device_dir: pathlib.Path, argv: Sequence[str], *, stdin: str = "", namespace: str = "fw", check: bool = True
) -> Finished:
    """Run a command on the firewall as its root, out of band.

    Args:
        device_dir: the firewall's folder.
        argv: the command.
        stdin: its input.
        namespace: `fw`, or the namespace of a host around it.
        check: whether an exit code other than 0 is an error.

    Returns:
        How it ended.

    Raises:
        LabError: the firewall is not up, there is no such command, or it failed and `check` is set.
    """
    request: JsonObject = {"op": "exec", "argv": list(argv), "stdin": stdin, "namespace": namespace}
    reply = ask_device(device_dir, request)
    done = Finished(code=int(str(reply["code"])), stdout=str(reply["stdout"]), stderr=str(reply["stderr"]))
    if check and done.code != 0:
        raise LabError(f"{argv[0]} ended with {done.code}: {done.stderr.strip()}", device=device_dir.name)
    return done


def conntrack(device_dir: pathlib.Path, *options: str) -> tuple[str, ...]:
    """List the firewall's connection table.

    Args:
        device_dir: the firewall's folder.
        options: filters for `conntrack -L`, such as `-p tcp --dport 5432`.

    Returns:
        One line for each flow.

    Raises:
        LabError: the firewall is not up, or there is no conntrack.
    """
    return tuple(in_fw(device_dir, ("conntrack", "-L", *options)).stdout.splitlines())


def drift(device_dir: pathlib.Path, scenario: str) -> None:
    """Change a device behind murenger's back.

    Args:
        device_dir: the device's folder.
        scenario: one of those that `scenarios` lists.

    Raises:
        LabError: the device is not up, or there is no such scenario.
    """
    ask_device(device_dir, {"op": "scenario", "name": scenario})
