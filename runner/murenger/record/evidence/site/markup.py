"""Text into HTML: whatever a device, a person or a forger wrote becomes plainly visible text and nothing else.

Input: values as the records hold them. Output: markup in which only our own elements occur.
"""

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from murenger.model import JsonValue
from murenger.secrets.terminal import escape_for_terminal

MOST_CHARACTERS = 20_000
"""Longest text shown on a page; the record's file has the whole."""
_MOST_IN_ATTRIBUTE = 300
_KEPT = "\n\t"


def visible(text: str) -> Markup:
    r"""Return a text as markup; each character that prints nothing stands as `\x1b` or `\u202e` in a box of its own.

    The box tells it from the same letters written out in the text, so nothing can hide and nothing can be imitated.
    """
    if text.replace("\n", "").replace("\t", "").isprintable():
        return escape(text)
    return Markup("").join(
        escape(character) if character.isprintable() or character in _KEPT else _boxed(character) for character in text
    )


def _boxed(character: str) -> Markup:
    return Markup('<span class="ctl">{}</span>').format(escape_for_terminal(character))


def attribute(text: str) -> Markup:
    """Return a text for a quoted attribute or a title: one line, cut where it is long, without markup."""
    line = escape_for_terminal(text).replace("\n", " ").replace("\t", " ")
    return escape(line if len(line) <= _MOST_IN_ATTRIBUTE else line[: _MOST_IN_ATTRIBUTE - 1] + "…")


def redacted(digest: str) -> Markup:
    """Return the mark of a secret, which no text can imitate, with the start of its salted digest."""
    return Markup('<span class="redacted">redacted <small>{}…</small></span>').format(visible(digest[:8]))


def shown(value: JsonValue, most: int = MOST_CHARACTERS) -> Markup:
    """Return any value of a record as markup.

    Args:
        value: a text, a text in parts with redactions, a number, yes or no, a list or a group of such.
        most: characters of a text to show, > 0; what is cut is counted in words.
    """
    if isinstance(value, str):
        return _cut(value, most)
    if value is None:
        return Markup('<span class="none">not recorded</span>')
    if isinstance(value, bool):
        return escape("yes" if value else "no")
    if isinstance(value, Mapping):
        return _group(value, most)
    if isinstance(value, Sequence):
        return Markup("").join(shown(item, most) for item in value)
    return escape(str(value))


def _cut(text: str, most: int) -> Markup:
    if len(text) <= most:
        return visible(text)
    note = Markup(' <span class="cut">… {} more characters are in the file of the record</span>')
    return visible(text[:most]) + note.format(f"{len(text) - most:,}")


def _group(group: Mapping[str, JsonValue], most: int) -> Markup:
    digest = group.get("redacted")
    if isinstance(digest, str):
        return redacted(digest)
    return Markup(", ").join(
        visible(name.replace("_", " ")) + " " + _listed(item, most) for name, item in group.items() if item is not None
    )


def _listed(value: JsonValue, most: int) -> Markup:
    if isinstance(value, list):
        return Markup(" or ").join(shown(item, most) for item in value)
    return shown(value, most)
