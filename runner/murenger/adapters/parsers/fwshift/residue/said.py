"""What a line says and where, and the sections that lines make up.

Input: lines with the headers above them. Output: `ResidueSection`s; no name and no summary shows a secret.
"""

import dataclasses
import itertools
from collections.abc import Iterable, Sequence

from murenger.adapters.parsers.fwshift.lines import digest
from murenger.secrets.words import hide
from murenger.semantics.ir import ResidueSection

_MAX_NAME = 120
_MAX_WORD = 48
_MAX_WORDS = 4
_SEPARATOR = "\x1f"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A line.

    Attributes:
        number: 1-based.
        section: the section it belongs to, as the configuration names it.
        path: every header above it.
        text: what it says, normalised.
        is_harmless: True if it is known to change no traffic and no access to the device.
        frames: numbers of the lines above it that only say that something begins; those count where this one does.
        is_frame: True if it is one of them.
    """

    number: int
    section: str
    path: tuple[str, ...]
    text: str
    is_harmless: bool = False
    frames: tuple[int, ...] = ()
    is_frame: bool = False


def sections(lines: Iterable[Said]) -> tuple[ResidueSection, ...]:
    """Return the sections of lines, in the order in which they begin; parts of one section may stand apart."""
    found: dict[str, list[Said]] = {}
    names: dict[str, str] = {}
    for line in lines:
        if line.section not in names:
            names[line.section] = safe(line.section)
        found.setdefault(names[line.section], []).append(line)
    return tuple(_section(name, said) for name, said in found.items())


def safe(text: str) -> str:
    """Return the beginning of a text as a name that may be shown: no secret in it, and not too long."""
    words = [word if len(word) <= _MAX_WORD else f"{word[: _MAX_WORD - 3]}..." for word in text[:1000].split()]
    shown = hide(" ".join(words))
    return shown if len(shown) <= _MAX_NAME else f"{shown[: _MAX_NAME - 3]}..."


def _section(name: str, lines: Sequence[Said]) -> ResidueSection:
    count = len(lines)
    return ResidueSection(
        name=name,
        digest=digest(*(_SEPARATOR.join((*line.path, line.text)) for line in lines)),
        first_line=min(line.number for line in lines),
        last_line=max(line.number for line in lines),
        summary=f"{count} line{'' if count == 1 else 's'} that the rules do not hold: {_subjects(lines)}",
    )


def _subjects(lines: Sequence[Said]) -> str:
    """Return what the lines are about: their first words, which are keywords and no values."""
    words = dict.fromkeys(_first_word(line.text) for line in itertools.islice(lines, 100))
    listed = list(itertools.islice(words, _MAX_WORDS))
    return safe(", ".join(listed) + (", ..." if len(words) > _MAX_WORDS else ""))


def _first_word(text: str) -> str:
    word, _, rest = text.lstrip("<").partition(" ")
    if word in {"set", "no", "unset", "deactivate"} and rest:
        word = rest.partition(" ")[0]
    return word.partition(">")[0][:_MAX_WORD]
