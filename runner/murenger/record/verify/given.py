"""Anchors that the reader brings: what a sink gave out, received in a way that does not lead through the runner.

Input: the bytes of a file. Output: what it claims about a log.
"""

import dataclasses
import re
from collections.abc import Sequence

from murenger.errors import ConfigError
from murenger.record.tree.checkpoint import Checkpoint, parse_checkpoint
from murenger.record.verify.case import Claim

_HEAD = re.compile(r"([0-9]{1,9}) ([0-9a-f]{64})(?: ([0-9]{1,10}) ([0-9a-f]{64}))?")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnchor:
    """One file that the reader brought.

    Attributes:
        name: the file's name, for people.
        origin: name of the log that it is about, or "" where it does not say.
        claims: what it says.
        checkpoint: the bytes of a checkpoint, for its signatures; empty for a list of heads.
    """

    name: str
    origin: str
    claims: tuple[Claim, ...]
    checkpoint: bytes = b""


def parse_given(name: str, content: bytes) -> GivenAnchor:
    """Return what an anchor file claims: a C2SP checkpoint, or lines of `SEQ SHA256` with or without `SIZE ROOT`.

    Raises:
        ConfigError: it is neither.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise ConfigError(f"the anchor {name} is no text") from exc
    heads = [_HEAD.fullmatch(line.strip()) for line in text.splitlines() if line.strip()]
    if heads and heads[0] is not None:
        # A receipt of a git sink ends with a line about its repository.
        rest = heads[1:-1] if heads[0][4] and len(heads) > 1 and heads[-1] is None else heads[1:]
        found = [heads[0], *rest]
        if not all(found):
            raise ConfigError(f"the anchor {name} has a line that is not SEQ SHA256")
        return GivenAnchor(name=name, origin="", claims=tuple(_claim(name, match) for match in found if match))
    try:
        head, _ = parse_checkpoint(content)
    except ValueError as exc:
        hint = "a checkpoint, or lines of SEQ SHA256"
        raise ConfigError(f"the anchor {name} cannot be used: {exc}", hint=hint) from exc
    return GivenAnchor(name=name, origin=head.origin, claims=(_of_checkpoint(name, head),), checkpoint=content)


def given_for(anchors: Sequence[GivenAnchor], origin: str, *, only_log: bool) -> list[GivenAnchor]:
    """Return the anchors that are about a log.

    Raises:
        ConfigError: one does not say which log it is about, and there are several.
    """
    unnamed = [anchor.name for anchor in anchors if not anchor.origin]
    if unnamed and not only_log:
        raise ConfigError(
            f"the anchor {unnamed[0]} does not say which log it is about", hint="give one log's folder as --store"
        )
    strangers = [anchor for anchor in anchors if anchor.origin not in {"", origin}]
    if strangers and only_log:
        raise ConfigError(f"the anchor {strangers[0].name} is of log {strangers[0].origin!r}, not of {origin!r}")
    return [anchor for anchor in anchors if anchor.origin in {"", origin}]


def _claim(name: str, match: "re.Match[str]") -> Claim:
    size = int(match[3]) if match[3] else None
    root = bytes.fromhex(match[4]) if match[4] else None
    return _given(name, sequence=int(match[1]), sha256=bytes.fromhex(match[2]), size=size, root=root)


def _of_checkpoint(name: str, head: Checkpoint) -> Claim:
    return _given(name, sequence=head.size - 1, sha256=None, size=head.size, root=head.root)


def _given(name: str, *, sequence: int, sha256: bytes | None, size: int | None, root: bytes | None) -> Claim:
    return Claim(
        sequence=sequence, sha256=sha256, size=size, root=root, by=f"anchor {name}", file=name, given=True, proven=True
    )
