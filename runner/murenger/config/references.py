"""References: where a secret lies that murenger.yml must not hold.

Input: a section and a key. Output: a reference; a value that is written out is an error.
"""

import dataclasses
import enum
import re

from murenger.config.document import Section
from murenger.config.values import matching, path_of

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class ReferenceKind(enum.Enum):
    """Where a credential's value lies."""

    INVENTORY = "inventory"
    """A variable of the device in the Ansible inventory; may be vaulted."""
    FILE = "file"
    """A file that holds the value alone, mode 0600."""
    ENV = "env"
    """An environment variable of the murenger process."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Where a value lies; never the value.

    Attributes:
        kind: inventory, file or env.
        name: variable name, absolute path, or environment variable name.
    """

    kind: ReferenceKind
    name: str


_FORMS = {
    ReferenceKind.INVENTORY: "{inventory: VARIABLE}",
    ReferenceKind.FILE: "{file: PATH}",
    ReferenceKind.ENV: "{env: NAME}",
}


def read_reference(
    section: Section, name: str, kinds: tuple[ReferenceKind, ...] = tuple(ReferenceKind)
) -> Reference | None:
    """Return the reference at a key, or None where the key is absent.

    Args:
        section: where it stands.
        name: its key.
        kinds: what it may be.

    Raises:
        ConfigError: the value is written out, or the reference is of no or of several kinds; no value is repeated.
    """
    if not section.has(name):
        return None
    if not section.is_section(name):
        *others, last = (_FORMS[kind] for kind in kinds)
        raise section.error(
            section.line(name),
            f"{name!r} is written out; murenger.yml holds references only",
            f"{name}: {', '.join(others)} or {last}; a password that stood here is to be changed",
        )
    inner = section.section(name)
    given = [kind for kind in kinds if inner.has(kind.value)]
    inner.finish()
    if len(given) != 1:
        *words, word = (kind.value for kind in kinds)
        raise inner.error(inner.line(), f"give exactly one of {', '.join(words)} and {word}")
    kind = given[0]
    if kind is ReferenceKind.FILE:
        return Reference(kind=kind, name=str(path_of(inner, kind.value)))
    return Reference(kind=kind, name=matching(inner, kind.value, _VARIABLE, "a variable name"))
