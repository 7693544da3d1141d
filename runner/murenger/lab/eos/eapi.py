"""The eAPI itself: one JSON-RPC request in, one reply out.

Input: the body of an authenticated POST. Output: the reply object, shaped as EOS shapes it.
Source: Arista eAPI overview (JSON-RPC 2.0, method `runCmds`, error codes 1000-1005).
"""

import dataclasses
import json
from typing import TypeAlias

from murenger.lab.eos.cli import CommandError, Refusal, Result, Shell
from murenger.lab.eos.device import Account, Device
from murenger.lab.eos.faults import Fault
from murenger.lab.eos.shows import Json

Commands: TypeAlias = tuple[tuple[str, str | None], ...]

_REPLACE = "rollback clean-config"
# Lines that open no section, so that those after them mean the same without them.
_PLAIN = ("description ", "name ", "switchport ", *(f"{digit}" for digit in range(1, 10)))

_PARSE_ERROR, _INVALID_REQUEST, _NO_METHOD, _INVALID_PARAMS = -32700, -32600, -32601, -32602


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One `runCmds` call.

    Attributes:
        id: what the reply must repeat.
        commands: each command and its extra input, if any.
        wants_json: whether the answers are wanted as JSON values.
    """

    id: object
    commands: tuple[tuple[str, str | None], ...]
    wants_json: bool


class BadRequestError(Exception):
    """A body that is not a `runCmds` call; carries the JSON-RPC error."""

    def __init__(self, code: int, message: str, request_id: object = None) -> None:
        super().__init__(message)
        self.reply: Json = {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}}


def parse(body: bytes) -> Request:
    """Read a request.

    Raises:
        BadRequestError: the body is not JSON, or not a `runCmds` call.
    """
    try:
        call = json.loads(body)
    except ValueError as exc:
        raise BadRequestError(_PARSE_ERROR, "Parse error") from exc
    if not isinstance(call, dict) or call.get("jsonrpc") != "2.0":
        raise BadRequestError(_INVALID_REQUEST, "Invalid request")
    request_id, params = call.get("id"), call.get("params")
    if call.get("method") != "runCmds":
        raise BadRequestError(_NO_METHOD, f"Method {call.get('method')} not found", request_id)
    if not isinstance(params, dict) or not isinstance(params.get("cmds"), list):
        raise BadRequestError(_INVALID_PARAMS, "Invalid params: cmds must be a list", request_id)
    if params.get("version") not in {1, "latest"}:
        raise BadRequestError(_INVALID_PARAMS, "Invalid params: version must be 1 or latest", request_id)
    if params.get("format", "json") not in {"json", "text"}:
        raise BadRequestError(_INVALID_PARAMS, "Invalid params: format must be json or text", request_id)
    commands = tuple(_command(one, request_id) for one in params["cmds"])
    return Request(id=request_id, commands=commands, wants_json=params.get("format", "json") == "json")


def _command(one: object, request_id: object) -> tuple[str, str | None]:
    if isinstance(one, str):
        return one, None
    if isinstance(one, dict) and isinstance(one.get("cmd"), str):
        given = one.get("input")
        if given is None or isinstance(given, str):
            return one["cmd"], given
    raise BadRequestError(_INVALID_PARAMS, "Invalid params: a command is text, or an object with cmd", request_id)


def run(device: Device, account: Account, request: Request) -> Json:
    """Run a request's commands in order, up to the first that is refused.

    Args:
        device: the switch; its lock is held throughout.
        account: who asks.
        request: what is asked.

    Returns:
        The reply object: `result` with one value for each command, or `error` with what ran before and why it stopped.
    """
    with device.lock:
        device.tick()
        device.note("eapi", account.name, *(line for line, _given in request.commands))
        shell = Shell(device, account)
        done: list[Json] = []
        for place, (line, given) in enumerate(_taken(device, request.commands), start=1):
            try:
                _ask_back(device, line)
                done.append(_shaped(shell.run(line, given, wants_json=request.wants_json), request))
            except CommandError as exc:
                at = f"CLI command {place} of {len(request.commands)} '{line}'"
                return _failed(request, done, exc, at)
        return {"jsonrpc": "2.0", "id": request.id, "result": done}


def _ask_back(device: Device, line: str) -> None:
    """Ask a question that nobody expects, where a fault makes the device do so."""
    if device.faults.strike_on(Fault.PROMPT, [line]):
        raise CommandError(Refusal.GENERAL, f"{line}: proceed? [y/n]")


def _taken(device: Device, commands: Commands) -> Commands:
    """Return the commands that the device looks at, which are all but what a fault makes it overlook."""
    if not any(line == _REPLACE for line, _given in commands):
        return commands
    nth = device.faults.strike(Fault.SKIP_LINE)
    plain = [place for place, (line, _given) in enumerate(commands) if line.lstrip().startswith(_PLAIN)]
    if not isinstance(nth, int) or not plain:
        return commands
    skipped = plain[nth % len(plain)]
    return commands[:skipped] + commands[skipped + 1 :]


def _shaped(result: Result, request: Request) -> Json:
    return (result.json or {}) if request.wants_json else {"output": result.text}


def _failed(request: Request, done: list[Json], error: CommandError, at: str) -> Json:
    code, words = error.refusal.value
    last: Json = {"errors": list(error.messages)}
    if not request.wants_json:
        last["output"] = "".join(f"% {message}\n" for message in error.messages)
    message = f"{at} failed: {words}"
    if error.refusal is Refusal.DENIED:
        # pyeapi shows only the message of this code, so the vendor's words must be in it.
        message = f"{message} (% {error.messages[0]})"
    return {"jsonrpc": "2.0", "id": request.id, "error": {"code": code, "message": message, "data": [*done, last]}}
