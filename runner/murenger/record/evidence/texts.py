"""Texts of records in plain words, for lists, tickets and other programs.

Input: fields of a record. Output: text, not escaped, in which a secret is only ever `<redacted>`.
"""

from collections.abc import Iterator, Mapping

from murenger.model import JsonValue
from murenger.record.groups import Group
from murenger.record.reading import group_of, plain, text_of

_SIGNS = {"added": "+", "removed": "-", "changed": "~", "moved": ">"}


_IMPACT = (("violations", "violates"), ("opened", "opened"), ("closed", "closed"), ("unknowns", "not known"))


def items_of(value: JsonValue) -> Iterator[Group]:
    """Yield the objects of a list, nothing where there is no list."""
    yield from (dict(item) for item in value if isinstance(item, Mapping)) if isinstance(value, list) else ()


def difference_lines(said: Mapping[str, JsonValue]) -> Iterator[str]:
    """Yield what the drift did, golden to live, as lines of a diff."""
    for operation in items_of(group_of(said, "drift").get("ops")):
        path = operation.get("path")
        parts = [part for part in path if isinstance(part, str)] if isinstance(path, list) else []
        yield f"{_SIGNS.get(text_of(operation, 'op'), '?')} {' / '.join(parts)}"
        for side, sign in (("before", "-"), ("after", "+")):
            if operation.get(side) is not None:
                yield from (f"    {sign} {line}" for line in plain(operation[side]).splitlines() or [""])


def check_lines(said: Mapping[str, JsonValue], when: str) -> Iterator[str]:
    """Yield the tests made before (`pre`) or after (`post`) a change, one line each."""
    for check in items_of(group_of(said, "test").get(when)):
        name, result = text_of(check, "name"), text_of(check, "result")
        yield f"{result}: {name}: expected {text_of(check, 'expected')}, saw {text_of(check, 'observed')}"


def impact_text(said: Mapping[str, JsonValue]) -> str:
    """Return what the drift lets through, in one paragraph."""
    impact = group_of(said, "impact")
    if not impact:
        return ""
    lines = [f"verdict {text_of(impact, 'verdict')}, effect {text_of(impact, 'effect')}"]
    for field, heading in _IMPACT:
        listed = impact.get(field)
        lines += [f"{heading}: {plain(item)}" for item in listed] if isinstance(listed, list) else []
    return "\n".join(lines)


def backout_text(said: Mapping[str, JsonValue]) -> str:
    """Return how the change would be, or was, undone."""
    backout = group_of(said, "backout")
    parts = [text_of(backout, "method"), text_of(backout, "result")]
    timer = backout.get("timer_s")
    if isinstance(timer, int):
        parts.insert(1, f"the device reverts by itself after {timer} s unless the change is confirmed")
    return "; ".join(part for part in parts if part)
