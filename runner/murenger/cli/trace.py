"""`murenger trace`: what would this configuration do with these packets? The packet tracer, offline.

Input: a configuration, and packets as JSON lines. Output: one JSON line for each line read, in their order; exit 0, or
2 if a line was no packet.
"""

import argparse
import contextlib
import json
import pathlib
import sys
from collections.abc import Iterator
from typing import BinaryIO, TextIO

from murenger.cli.output import IN_SYNC, TROUBLE, say
from murenger.cli.rulesets import add_rules, read_ruleset
from murenger.errors import ConfigError
from murenger.model.packet import packet_from_json
from murenger.semantics.classifier import Classifier
from murenger.semantics.interpreter import Trace
from murenger.wiring.tracing import trace_json

# A packet takes some two hundred characters.
MAX_LINE_BYTES = 16_384
_CHUNK_BYTES = 65_536
_MOST_REMEMBERED = 10_000
_LONGEST_FAULT = 300
_TOO_LONG = b"\xff"


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("trace", help="what would a configuration do with these packets?")
    add_rules(parser, needed=True)
    parser.add_argument(
        "--packets", type=pathlib.Path, metavar="FILE", help="packets, one JSON object a line (default: standard input)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Answer every line."""
    classifier = Classifier(read_ruleset(args.platform, args.config))
    with _packets(args.packets) as stream:
        return answer(classifier, stream, sys.stdout)


@contextlib.contextmanager
def _packets(path: pathlib.Path | None) -> Iterator[BinaryIO]:
    if path is None:
        yield sys.stdin.buffer
        return
    try:
        stream = path.open("rb")
    except OSError as exc:
        raise ConfigError(f"{path}: cannot be read: {exc.strerror}") from exc
    with stream:
        yield stream


def answer(classifier: Classifier, packets: BinaryIO, answers: TextIO) -> int:
    """Answer every line of a stream as soon as it is there, and return the exit code.

    Args:
        classifier: the rules.
        packets: JSON lines.
        answers: where the answers go, a line for each line.
    """
    code, number = IN_SYNC, 0
    told: dict[int, tuple[Trace, str]] = {}
    for lines in _batches(packets):
        written: list[str] = []
        for line in lines:
            number += 1
            try:
                trace = classifier.trace(packet_from_json(_object(line)))
            except ValueError as exc:
                code = TROUBLE
                fault = f"line {number}: {exc}"[:_LONGEST_FAULT]
                say(f"murenger: {fault}")
                written.append(json.dumps({"error": fault}))
                continue
            # The classifier gives one value again and again; while it is kept here its id is its own.
            known = told.get(id(trace))
            if known is None:
                if len(told) > _MOST_REMEMBERED:
                    told.clear()
                known = told[id(trace)] = (trace, json.dumps(trace_json(trace)))
            written.append(known[1])
        answers.write("\n".join(written) + "\n")
        answers.flush()
    return code


def _batches(stream: BinaryIO) -> Iterator[list[bytes]]:
    """Yield the whole lines that have come so far, at least one at a time; an overlong one as what is no text."""
    rest, is_long = b"", False
    read = getattr(stream, "read1", stream.read)
    while chunk := read(_CHUNK_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        if lines and is_long:
            lines[0], is_long = _TOO_LONG, False
        if len(rest) > MAX_LINE_BYTES:
            rest, is_long = b"", True
        if lines:
            yield [line if len(line) <= MAX_LINE_BYTES else _TOO_LONG for line in lines]
    if rest or is_long:
        yield [_TOO_LONG if is_long else rest]


def _object(line: bytes) -> dict[str, object]:
    """Return the JSON object of one line.

    Raises:
        ValueError: it is none; one clause that says why.
    """
    try:
        value = _DECODER.decode(line.decode("utf-8"))
    except UnicodeDecodeError:
        reason = f"longer than {MAX_LINE_BYTES} bytes" if line == _TOO_LONG else "not UTF-8 text"
        raise ValueError(reason) from None
    except json.JSONDecodeError as exc:
        raise ValueError(f"not JSON: {exc.msg} at character {exc.pos + 1}" if line.strip() else "empty") from None
    except RecursionError:
        raise ValueError("not a packet: nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - bad input, not a bad call
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field is given twice")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_unique)
