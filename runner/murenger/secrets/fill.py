"""Filling: from text with placeholders to the text that a device is sent.

Input: canonical text and secret values. Output: the device's text, or a refusal; never text with a placeholder in it.
"""

import dataclasses
from collections.abc import Mapping

from murenger.dialects import Dialect, Node, Tree, parse, render
from murenger.errors import SecretError
from murenger.secrets.mask import fits, value_key
from murenger.secrets.placeholder import OPENING, PLACEHOLDER, is_mask, unescape
from murenger.secrets.places import find_spans


def fill(text: str, values: Mapping[str, str], dialect: Dialect) -> str:
    """Put secret values where their placeholders stand.

    Args:
        text: canonical text with placeholders.
        values: secret values by placeholder, from the sidecar or from live; for a re-salted secret, live's.
        dialect: the platform.

    Returns:
        Text as the device itself would write it.

    Raises:
        ParseError: the text is not a configuration of the platform.
        SecretError: a placeholder has no value, stands where no secret does, or was made for another place.
    """

    def filled(node: Node, path: tuple[str, ...]) -> Node:
        line = _filled_line(node, path, values, dialect)
        inner = (*path, node.line)
        return dataclasses.replace(node, line=line, children=tuple(filled(child, inner) for child in node.children))

    tree = parse(text, dialect)
    return render(Tree(nodes=tuple(filled(node, ()) for node in tree.nodes)), dialect)


def _filled_line(node: Node, path: tuple[str, ...], values: Mapping[str, str], dialect: Dialect) -> str:
    line = node.line
    if OPENING not in line:
        return unescape(line)
    parts: list[str] = []
    position = 0
    for span in find_spans(node, path, dialect):
        between, placeholder = line[position : span.start], line[span.start : span.end]
        _refuse_placeholder(between, node.number)
        parts.append(unescape(between))
        parts.append(_value(placeholder, values, node.number, path=span.path, is_here=fits(span, placeholder)))
        position = span.end
    _refuse_placeholder(line[position:], node.number)
    return "".join((*parts, unescape(line[position:])))


def _value(placeholder: str, values: Mapping[str, str], number: int, *, path: str, is_here: bool) -> str:
    if not PLACEHOLDER.fullmatch(placeholder):
        _refuse_placeholder(placeholder, number)
        return unescape(placeholder)
    if not is_here:
        raise SecretError(f"line {number}: placeholder was made for another place than {path!r}")
    try:
        value = values[value_key(placeholder, path)]
    except KeyError:
        raise SecretError(
            f"no value for the secret at {path!r}", hint="accept golden again, or restore its sidecar"
        ) from None
    if is_mask(value):
        raise SecretError(
            f"the value kept for the secret at {path!r} is a mask, which would become the password",
            hint="accept golden again from the device",
        )
    return value


def _refuse_placeholder(text: str, number: int) -> None:
    if OPENING in text:
        raise SecretError(f"line {number}: placeholder stands where no secret does")
