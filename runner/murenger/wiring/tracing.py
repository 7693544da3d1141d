"""What rules do with packets, for every door that asks.

Input: a configuration and packets as JSON objects. Output: answers as JSON objects.
"""

import pathlib
from collections.abc import Mapping, Sequence

from murenger.adapters.parsers import parser_for
from murenger.errors import ConfigError
from murenger.model import JsonValue
from murenger.model.packet import packet_from_json
from murenger.secrets import redact
from murenger.semantics.classifier import Classifier
from murenger.semantics.interpreter import Trace
from murenger.semantics.ir import Ruleset

# The largest configurations of firewalls have some tens of megabytes.
MAX_BYTES = 64 << 20


def read_configuration(path: pathlib.Path) -> str:
    """Return the text of a configuration; CR LF becomes LF.

    Raises:
        ConfigError: the file cannot be read, is too large, or is no text.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as exc:
        raise ConfigError(f"{path}: cannot be read: {exc.strerror}") from exc
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{path}: larger than {MAX_BYTES >> 20} MiB", hint="give the configuration alone")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path}: not UTF-8 text (byte {exc.start})", hint="save the file as UTF-8") from exc
    return text.replace("\r\n", "\n")


def ruleset_of(platform: str, text: str) -> Ruleset:
    """Return the rules of a configuration.

    Raises:
        ParseError: it is no configuration of the platform.
        UnsupportedPlatformError: the rules of this platform cannot be judged.
    """
    return parser_for(platform).parse(text)


def trace_packets(platform: str, text: str, packets: Sequence[Mapping[str, object]]) -> list[JsonValue]:
    """Return an answer for each packet, in their order.

    Raises:
        ParseError: the text is no configuration of the platform.
        UnsupportedPlatformError: the rules of this platform cannot be judged.
        ValueError: a packet is none; the message names it by its number, counted from 1.
    """
    classifier = Classifier(ruleset_of(platform, text))
    answers: list[JsonValue] = []
    for number, said in enumerate(packets, 1):
        try:
            answers.append(trace_json(classifier.trace(packet_from_json(said))))
        except ValueError as exc:
            raise ValueError(f"packet {number}: {exc}") from None
    return answers


def trace_json(trace: Trace) -> dict[str, JsonValue]:
    """Return one answer as a JSON object, without a secret."""
    rule = trace.rule
    return {
        "verdict": trace.answer.value,
        "rule": None if rule is None else redact(rule.rule),
        "list": redact(trace.rule_list) or None,
        "line": None if rule is None else rule.first_line or None,
        "why": redact(trace.why),
    }
