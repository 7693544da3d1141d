"""Cron expressions: is this text one, before a scheduler is asked.

Input: five fields. Output: nothing, or what is wrong with which field.
Source: POSIX crontab(5), with the `/step` that every cron since Vixie's has.
"""

import re

_NAMES = {
    "month": ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    "day of week": ("sun", "mon", "tue", "wed", "thu", "fri", "sat"),
}
_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7))
_PART = re.compile(
    r"(?:\*|(?P<first>[0-9]{1,2}|[a-z]{3})(?:-(?P<last>[0-9]{1,2}|[a-z]{3}))?)(?:/(?P<step>[0-9]{1,2}))?"
)


def cron_fault(expression: str) -> str:
    """Return what is wrong with a five-field cron expression, or "" if nothing is."""
    fields = expression.split()
    if len(fields) != len(_FIELDS):
        return f"a cron expression has five fields, not {len(fields)}"
    for (name, least, most), field in zip(_FIELDS, fields, strict=True):
        if not all(_is_part(part, name, least, most) for part in field.lower().split(",")):
            return f"{field!r} is not a cron {name} ({least}-{most})"
    return ""


def _is_part(part: str, name: str, least: int, most: int) -> bool:
    match = _PART.fullmatch(part)
    if match is None or match["step"] in {"0", "00"}:
        return False
    bounds = [_number(text, name) for text in (match["first"], match["last"]) if text is not None]
    return all(least <= bound <= most for bound in bounds) and bounds == sorted(bounds)


def _number(text: str, name: str) -> int:
    if text.isdigit():
        return int(text)
    names = _NAMES.get(name, ())
    return names.index(text) + (name == "month") if text in names else -1
