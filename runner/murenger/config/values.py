"""Values that several sections of murenger.yml have: paths and texts of one form.

Input: a section and a key. Output: the value, or a `ConfigError` that names the line.
"""

import pathlib
import re

from murenger.config.document import Section


def path_of(section: Section, name: str) -> pathlib.Path:
    """Return a path relative to the configuration file as an absolute one; the file system is not asked.

    Raises:
        ConfigError: the key is missing, or its value is no path.
    """
    text = section.text(name)
    if "\0" in text:
        raise section.error(section.line(name), f"{name!r} holds a NUL character")
    try:
        path = pathlib.Path(text).expanduser()
    except RuntimeError as exc:
        raise section.error(section.line(name), f"{name!r} names a home that is not known") from exc
    return section.file.parent / path


def optional_path(section: Section, name: str) -> pathlib.Path | None:
    """Return a path, or None where the key is absent."""
    return path_of(section, name) if section.has(name) else None


def matching(section: Section, name: str, pattern: re.Pattern[str], expected: str) -> str:
    """Return a required text that a pattern matches whole.

    Args:
        section: where it stands.
        name: its key.
        pattern: what it must match.
        expected: what it should be, for the message.

    Raises:
        ConfigError: it is missing or something else; its value is not repeated, for it might be a secret.
    """
    value = section.text(name)
    if not pattern.fullmatch(value):
        raise section.error(section.line(name), f"{name!r} is not {expected}")
    return value


def bounded(section: Section, name: str, *, least: int, most: int, default: int, why: str) -> int:
    """Return a whole number within bounds, or the default where the key is absent.

    Args:
        section: where it stands.
        name: its key.
        least: smallest value allowed.
        most: largest value allowed.
        default: value where the key is absent.
        why: the hint where it is out of bounds.

    Raises:
        ConfigError: it is not a plain decimal number, or out of bounds.
    """
    if not section.has(name):
        return default
    value = section.number(name)
    if not least <= value <= most:
        raise section.error(section.line(name), f"{name!r} must be {least} to {most}", why)
    return value
