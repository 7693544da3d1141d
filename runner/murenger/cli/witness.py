"""`murenger witness`: hold the heads of other people's logs, in another administrative domain.

Input: a key, a memory, and the public keys of logs; no murenger.yml. Output: an HTTP service that cosigns what
continues each log; exit 0 done or ended by a signal, 2 trouble.
"""

import argparse
import pathlib
import re
import signal
import threading

from murenger.adapters.clock import SystemClock
from murenger.adapters.witness.key import load_witness_key, make_witness_key
from murenger.adapters.witness.memory import Memory, create_memory
from murenger.adapters.witness.rules import Witness
from murenger.adapters.witness.server import WitnessServer, server_tls
from murenger.cli.output import IN_SYNC, emit
from murenger.errors import ConfigError
from murenger.record.tree.note import VerifierKey, parse_vkey, read_vkeys

_LISTEN = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:\s]+)):([0-9]{1,5})")
_MOST_PORT = 65535


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("witness", help="hold the heads of other people's logs")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _register_key(actions.add_parser("key", help="make the key of a witness"))
    _register_init(actions.add_parser("init", help="make the empty memory of a new witness"))
    _register_serve(actions.add_parser("serve", help="answer logs over HTTP until a signal comes"))


def _register_key(parser: argparse.ArgumentParser) -> None:
    _add_output(parser)
    _add_key(parser)
    parser.add_argument("--name", required=True, metavar="NAME", help="such as witness.example.org/w1")
    parser.set_defaults(run=_key)


def _register_init(parser: argparse.ArgumentParser) -> None:
    _add_output(parser)
    _add_key(parser)
    _add_state(parser)
    parser.set_defaults(run=_init)


def _register_serve(parser: argparse.ArgumentParser) -> None:
    _add_key(parser)
    _add_state(parser)
    parser.add_argument(
        "--log",
        action="append",
        required=True,
        metavar="VKEY",
        help="public key of a log, or @FILE with one a line; repeat",
    )
    parser.add_argument(
        "--listen", default="127.0.0.1:8423", metavar="ADDRESS:PORT", help="where (default: 127.0.0.1:8423)"
    )
    parser.add_argument("--tls-cert", type=pathlib.Path, metavar="FILE", help="certificate chain, PEM")
    parser.add_argument("--tls-key", type=pathlib.Path, metavar="FILE", help="its key, PEM, without a passphrase")
    parser.set_defaults(run=_serve)


def _add_output(parser: argparse.ArgumentParser) -> None:
    # Not cli.options: that leads to murenger.yml and to every device driver, which a witness has no use for.
    parser.add_argument(
        "-o", "--output", choices=("text", "json"), default="text", help="text for people, json for machines"
    )


def _add_key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--key", type=pathlib.Path, required=True, metavar="FILE", help="key of the witness")


def _add_state(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--state", type=pathlib.Path, required=True, metavar="DIR", help="memory of the witness")


def _key(args: argparse.Namespace) -> int:
    vkey = make_witness_key(args.key, args.name)
    emit(args, text=vkey, data={"schema": "murenger.witness.key/1", "vkey": vkey})
    return IN_SYNC


def _init(args: argparse.Namespace) -> int:
    key = load_witness_key(args.key)
    create_memory(args.state, key.verifier)
    vkey = key.verifier.vkey
    emit(args, text=f"{args.state}: {vkey}", data={"schema": "murenger.witness.init/1", "vkey": vkey})
    return IN_SYNC


def _serve(args: argparse.Namespace) -> int:
    address = _address(args.listen)
    log_keys = tuple(key for text in args.log for key in _log_keys(text))
    if (args.tls_cert is None) is not (args.tls_key is None):
        raise ConfigError("--tls-cert and --tls-key belong together")
    tls = server_tls(args.tls_cert, args.tls_key) if args.tls_cert else None
    key, clock = load_witness_key(args.key), SystemClock()
    memory = Memory(args.state, key.verifier)
    try:
        witness = Witness(key, log_keys, memory=memory, clock=clock)
        server = WitnessServer(address, witness, clock=clock, tls=tls)
        _until_told(server, f"witness {key.verifier.vkey} on {address[0]} port {server.port}")
    finally:
        memory.close()
    return IN_SYNC


def _until_told(server: WitnessServer, said: str) -> None:
    """Serve until SIGTERM or SIGINT, then let what is under way end."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    service = threading.Thread(target=server.serve, name="witness")
    service.start()
    try:
        server.log(said)
        while not told.wait(timeout=1.0):
            if not service.is_alive():
                raise ConfigError("the witness ended by itself; this is a defect, please report it")
    finally:
        server.stop()
        service.join()
    server.log("witness ended")


def _address(text: str) -> tuple[str, int]:
    match = _LISTEN.fullmatch(text)
    if not match or int(match[3]) > _MOST_PORT:
        raise ConfigError(f"{text!r} is not ADDRESS:PORT", hint="such as 127.0.0.1:8423 or [::1]:8423")
    return match[1] or match[2], int(match[3])


def _log_keys(text: str) -> tuple[VerifierKey, ...]:
    """Return the keys that one `--log` gives: itself, or the lines of a file."""
    try:
        if not text.startswith("@"):
            return (parse_vkey(text),)
        return read_vkeys(pathlib.Path(text[1:]).read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise ConfigError(f"--log {text!a}: {exc}", hint="give the line that log.vkey holds") from exc
