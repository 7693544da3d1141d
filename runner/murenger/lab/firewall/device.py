"""The process that is the lab firewall: it builds its networks, loads its rules and serves.

Input: a device folder and a listening socket of the machine's loopback, inherited. Output: `ready.json` when SSH can be
reached through the firewall, and `console.sock`, the door for everything that murenger must not see.
"""

import argparse
import asyncio
import dataclasses
import glob
import json
import os
import pathlib
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

import asyncssh

from murenger.lab.control import JsonObject, serve_control
from murenger.lab.description import Description, load_description
from murenger.lab.failure import LabError
from murenger.lab.files import write_json
from murenger.lab.firewall import namespaces, openssh, scenarios, ssh, topology, traffic
from murenger.lab.firewall.values import NETNS, Finished

_COMMAND_TIMEOUT_S = 30.0
_LOOK_S = 0.002
_STREAM = (sys.executable, "-P", "-m", "murenger.lab.firewall.stream")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the firewall until it is killed.

    Args:
        argv: arguments; those of the process when None.

    Returns:
        Exit code 2 when it could not start; otherwise this does not return.
    """
    parser = argparse.ArgumentParser(prog="python -m murenger.lab.firewall", description=__doc__)
    parser.add_argument("device_dir", type=pathlib.Path)
    parser.add_argument("--listen-fd", type=int, required=True, help="listening socket of the machine's loopback")
    options = parser.parse_args(argv)
    description = load_description(options.device_dir)
    os.environ["PATH"] = topology.PATH
    try:
        _build(options.device_dir, description)
        asyncio.run(_serve(description, socket.socket(fileno=options.listen_fd)))
    except (LabError, OSError) as exc:
        sys.stderr.write(f"{exc}\n")
    return LabError.exit_code


def _build(device_dir: pathlib.Path, description: Description) -> None:
    namespaces.isolate(device_dir, description.hostname)
    topology.create()
    for name in (*topology.NAMESPACES, topology.HOME):
        namespaces.enter(name)
        topology.skip_address_tests()
    topology.connect()
    topology.start_forwarding()
    _load(scenarios.initial_rules())


def _load(rules: str) -> None:
    done = subprocess.run(
        ["nft", "-f", "-"],
        input=rules,
        capture_output=True,
        text=True,
        check=False,
        timeout=_COMMAND_TIMEOUT_S,
        env={"PATH": topology.PATH},
    )
    if done.returncode != 0:
        raise LabError(f"nft refused the rules: {done.stderr.strip()}")


async def _serve(description: Description, listener: socket.socket) -> None:
    keys_dir = namespaces.DEVICE / "keys"
    await traffic.listen()
    if description.form == NETNS:
        openssh.prepare(description, keys_dir)
        server = await openssh.serve()
        ended = asyncio.create_task(server.wait())
    else:
        own = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        own.bind((topology.MGMT.gateway, 22))
        acceptor = await ssh.serve_ssh(own, description, keys_dir)
        ended = asyncio.create_task(_closed(acceptor))
    relay = traffic.Relay()
    await relay.serve(listener)
    await serve_control(namespaces.DEVICE / "console.sock", Console(relay).answer)
    write_json(namespaces.DEVICE / "ready.json", {"port": listener.getsockname()[1], "pid": os.getpid()})
    await ended
    raise LabError("the SSH server of the firewall ended", hint="see the device's log")


async def _closed(acceptor: asyncssh.SSHAcceptor) -> int:
    await acceptor.wait_closed()
    return 0


class Console:
    """The lab's own door: the machine room of the firewall, as its root, never over the product's login."""

    def __init__(self, relay: traffic.Relay) -> None:
        self._relay = relay
        self._sessions = traffic.Sessions()
        self._streams: dict[str, subprocess.Popen[str]] = {}

    async def answer(self, request: JsonObject) -> JsonObject:
        """Answer one console request.

        Args:
            request: a JSON object whose `op` is `scenario`, `scenarios`, `cli`, `exec`, `probe`, `hold`, `held`,
                `release`, `stream`, `streamed` or `cut`.

        Returns:
            The reply.

        Raises:
            ValueError: the request cannot be done; the text says why.
            KeyError: a field is missing.
        """
        handlers = {
            "scenario": self._scenario,
            "scenarios": self._scenarios,
            "cli": self._cli,
            "exec": self._exec,
            "probe": self._probe,
            "hold": self._hold,
            "held": self._held,
            "release": self._release,
            "stream": self._stream,
            "streamed": self._streamed,
            "cut": self._cut,
        }
        name = str(request["op"])
        if name not in handlers:
            raise ValueError(f"no operation called {name!r}; one of {', '.join(handlers)}")
        try:
            return await handlers[name](request)
        except (LabError, OSError) as exc:
            raise ValueError(str(exc) or type(exc).__name__) from exc

    async def _scenarios(self, _request: JsonObject) -> JsonObject:
        return {"scenarios": dict(scenarios.SCENARIOS)}

    async def _scenario(self, request: JsonObject) -> JsonObject:
        name = str(request["name"])
        listing = await run(("nft", "-a", "list", "ruleset"))
        done = await run(("nft", "-f", "-"), stdin=scenarios.script(name, listing.stdout).encode())
        if done.code != 0:
            raise LabError(f"nft refused the scenario {name}: {done.stderr.strip()}")
        return {"scenario": name}

    async def _cli(self, request: JsonObject) -> JsonObject:
        lines = request["lines"]
        if not isinstance(lines, list):
            raise TypeError("lines must be a list")
        done = await run(("/bin/sh", "-e"), stdin="\n".join(map(str, lines)).encode())
        if done.code != 0:
            raise LabError(f"exit code {done.code}: {done.stderr.strip()}")
        return {"output": done.stdout}

    async def _exec(self, request: JsonObject) -> JsonObject:
        argv = request["argv"]
        if not isinstance(argv, list) or not argv:
            raise ValueError("argv must be a list of words")
        namespace = str(request.get("namespace", topology.HOME))
        done = await run(
            [str(word) for word in argv], namespace=namespace, stdin=str(request.get("stdin", "")).encode()
        )
        return dataclasses.asdict(done)

    async def _probe(self, request: JsonObject) -> JsonObject:
        source, target, port, version, timeout_s = _path(request)
        result = await self._sessions.probe(source, target, port, version=version, timeout_s=timeout_s)
        return dataclasses.asdict(result)

    async def _hold(self, request: JsonObject) -> JsonObject:
        source, target, port, version, timeout_s = _path(request)
        name = await self._sessions.hold(source, target, port, version=version, timeout_s=timeout_s)
        return {"session": name}

    async def _held(self, request: JsonObject) -> JsonObject:
        timeout_s = float(str(request["timeout_s"]))
        return {"alive": await self._sessions.is_alive(str(request["session"]), timeout_s=timeout_s)}

    async def _release(self, request: JsonObject) -> JsonObject:
        self._sessions.release(str(request["session"]))
        return {}

    async def _stream(self, request: JsonObject) -> JsonObject:
        child = subprocess.Popen(  # noqa: ASYNC220 - it takes milliseconds, and everything else is done in a thread
            _STREAM, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={"PATH": topology.PATH}
        )
        asked = json.dumps({"flows": request["flows"], "rate": request["rate"]})
        if await asyncio.to_thread(_begin, child, f"{asked}\n") != "ready\n":
            raise LabError("the packets cannot be sent", hint="see the device's log")
        name = f"stream-{child.pid}"
        self._streams[name] = child
        return {"stream": name}

    async def _streamed(self, request: JsonObject) -> JsonObject:
        child = self._streams.pop(str(request["stream"]))
        told, _ = await asyncio.to_thread(child.communicate, None, _COMMAND_TIMEOUT_S)
        if child.returncode != 0:
            raise LabError(f"sending packets ended with {child.returncode}", hint="see the device's log")
        count: JsonObject = json.loads(told)
        return count

    async def _cut(self, request: JsonObject) -> JsonObject:
        pattern = str(request.get("once", ""))
        deadline = time.monotonic() + _COMMAND_TIMEOUT_S
        while pattern and not glob.glob(pattern):  # noqa: PTH207 - the pattern is absolute; it takes no time
            if time.monotonic() > deadline:
                raise LabError(f"there is nothing called {pattern}")
            await asyncio.sleep(_LOOK_S)
        return {"cut": self._relay.cut()}


def _begin(child: subprocess.Popen[str], asked: str) -> str:
    if child.stdin is None or child.stdout is None:
        raise LabError("a stream has no pipes")
    child.stdin.write(asked)
    child.stdin.flush()
    return child.stdout.readline()


def _path(request: JsonObject) -> tuple[str, str, int, int, float]:
    return (
        str(request["source"]),
        str(request["target"]),
        int(str(request["port"])),
        int(str(request["version"])),
        float(str(request["timeout_s"])),
    )


def _spawn(argv: Sequence[str], namespace: str) -> subprocess.Popen[bytes]:
    # A child inherits the namespace that this thread is in while it is made, so nothing may be awaited in between.
    with namespaces.inside(namespace):
        return subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={"PATH": topology.PATH}
        )


async def run(argv: Sequence[str], *, namespace: str = topology.HOME, stdin: bytes = b"") -> Finished:
    """Run a command as the firewall's root.

    Args:
        argv: the command.
        namespace: network namespace it runs in.
        stdin: its input.

    Returns:
        How it ended.

    Raises:
        OSError: there is no such command or namespace.
        TimeoutError: it took more than 30 s; it has been killed.
    """
    child = _spawn(argv, namespace)
    try:
        stdout, stderr = await asyncio.to_thread(child.communicate, stdin, _COMMAND_TIMEOUT_S)
    except subprocess.TimeoutExpired as exc:
        child.kill()
        await asyncio.to_thread(child.wait)
        raise TimeoutError(f"{argv[0]} took more than {_COMMAND_TIMEOUT_S:g} s") from exc
    return Finished(
        code=child.returncode, stdout=stdout.decode(errors="replace"), stderr=stderr.decode(errors="replace")
    )
