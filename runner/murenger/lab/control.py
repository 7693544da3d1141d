"""The lab's own door into an emulator: JSON lines over a Unix socket, mode 0600, never a path the product uses.

Input: one JSON object a line, `{"op": NAME, ...}`. Output: one JSON object a line, `{"ok": true, ...}` or
`{"ok": false, "error": TEXT}`. Emulators answer `cli` (configure as another person would at the console), `advance`
(push the clock), `trace` (what clients asked so far), `fault` (switch a fault on or off) and `config` (running text).
"""

import asyncio
import json
import os
import pathlib
import socket
from collections.abc import Awaitable, Callable
from typing import TypeAlias

JsonObject: TypeAlias = dict[str, object]
Handler: TypeAlias = Callable[[JsonObject], Awaitable[JsonObject]]

LIMIT_BYTES = 64 * 1024 * 1024


async def serve_control(path: pathlib.Path, handler: Handler) -> asyncio.Server:
    """Listen for control requests.

    Args:
        path: where the Unix socket is made; its folder must exist and be short enough for a socket name.
        handler: answers one request; a `ValueError` or `KeyError` it raises becomes `{"ok": false}`.

    Returns:
        The listening server.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            try:
                reply: JsonObject = {"ok": True} | await handler(json.loads(line))
            except (ValueError, KeyError) as exc:
                reply = {"ok": False, "error": str(exc)}
            writer.write(json.dumps(reply).encode() + b"\n")
            await writer.drain()
        writer.close()

    path.unlink(missing_ok=True)  # noqa: ASYNC240 - one call, before anybody is served
    previous = os.umask(0o177)
    try:
        return await asyncio.start_unix_server(answer, path=path, limit=LIMIT_BYTES)
    finally:
        os.umask(previous)


def ask(path: pathlib.Path, request: JsonObject, *, timeout_s: float = 10.0) -> JsonObject:
    """Send one control request and return its reply.

    Args:
        path: the emulator's Unix socket.
        request: one JSON object with an `op`.
        timeout_s: seconds to wait for connection and reply, > 0.

    Returns:
        The reply without its `ok` key.

    Raises:
        ConnectionError: nobody listens there, or the line ended early.
        ValueError: the emulator refused the request; the text is its reason.
    """
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(timeout_s)
        link.connect(str(path))
        link.sendall(json.dumps(request).encode() + b"\n")
        with link.makefile("rb") as stream:
            line = stream.readline(LIMIT_BYTES)
    if not line:
        raise ConnectionError(f"the emulator behind {path.name} closed the control link without a reply")
    reply: JsonObject = json.loads(line)
    if not reply.pop("ok"):
        raise ValueError(str(reply.get("error")))
    return reply
