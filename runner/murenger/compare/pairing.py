"""Pairing: which item of live is which item of golden, among the items of one section.

Input: the items of one section in golden and in live. Output: pairs in the order the device evaluates them; what only
golden has stands where golden has it.
"""

import bisect
import dataclasses
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from murenger.compare.order import moved
from murenger.dialects import Dialect, Node

# Two versions of one rule share at least half their words; beyond this many candidates, or this many characters,
# nobody could tell.
MAX_CANDIDATES = 400
MIN_SHARED = 0.5
MAX_ALIKE = 8_192
_LIST = re.compile(r"(?P<word>\S+) \[ (?P<values>.*) \]", re.DOTALL)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One item in golden, in live or in both.

    Attributes:
        golden: the item in golden, or None.
        live: the item in live, or None.
        golden_position: 1-based place among the ordered items of golden, or None where order has no meaning.
        live_position: the same in live.
        is_moved: True if it is one of the fewest that moved.
        is_same: True if both are the same item; False if live's stands in place of golden's.
    """

    golden: Node | None = None
    live: Node | None = None
    golden_position: int | None = None
    live_position: int | None = None
    is_moved: bool = False
    is_same: bool = True


_Items = list[tuple[int, Node]]
_Key = tuple[str, int]
_Match = tuple[int | None, int | None, bool, bool]  # golden index, live index, is moved, is same


def pair_items(golden: Sequence[Node], live: Sequence[Node], path: Sequence[str], dialect: Dialect) -> tuple[Pair, ...]:
    """Return the items of one section, paired, in the order the device evaluates them.

    Args:
        golden: the section's items in golden.
        live: the section's items in live.
        path: lines of the sections they stand in, the innermost last.
        dialect: the platform.
    """
    pattern = dialect.ordered_items(path)
    golden_ordered, golden_free = _split(golden, pattern)
    live_ordered, live_free = _split(live, pattern)
    matches = _match_free(golden_free, live_free, dialect)
    if pattern:
        matches += _match_ordered(golden_ordered, live_ordered, pattern, dialect)
    golden_places = {index: place for place, (index, _) in enumerate(golden_ordered, 1)}
    live_places = {index: place for place, (index, _) in enumerate(live_ordered, 1)}
    return tuple(
        Pair(
            golden=None if before is None else golden[before],
            live=None if now is None else live[now],
            golden_position=None if before is None else golden_places.get(before),
            live_position=None if now is None else live_places.get(now),
            is_moved=is_moved,
            is_same=is_same,
        )
        for before, now, is_moved, is_same in _in_evaluation_order(matches)
    )


def meaning(line: str, dialect: Dialect) -> str:
    """Return a line without what says nothing: a modifier, and the order of a list whose order has no meaning."""
    bare = dialect.bare(line)
    if not dialect.lists_without_order:
        return bare
    match = _LIST.fullmatch(bare)
    if not match or not dialect.lists_without_order.fullmatch(match["word"]):
        return bare
    return f"{match['word']} [ {' '.join(sorted(match['values'].split(' ')))} ]"


def _split(items: Sequence[Node], pattern: re.Pattern[str] | None) -> tuple[_Items, _Items]:
    ordered: _Items = []
    free: _Items = []
    for index, node in enumerate(items):
        (ordered if pattern and pattern.fullmatch(node.line) else free).append((index, node))
    return ordered, free


def _numbered(names: Iterable[str]) -> list[_Key]:
    """Tell repeated names apart by their occurrence."""
    seen: Counter[str] = Counter()
    keys = []
    for name in names:
        keys.append((name, seen[name]))
        seen[name] += 1
    return keys


def _match_free(golden: _Items, live: _Items, dialect: Dialect) -> list[_Match]:
    golden_keys = _numbered(meaning(node.line, dialect) for _, node in golden)
    live_keys = _numbered(meaning(node.line, dialect) for _, node in live)
    live_at = {key: index for key, (index, _) in zip(live_keys, live, strict=True)}
    golden_set = set(golden_keys)
    matches: list[_Match] = []
    only_golden: _Items = []
    for key, (index, node) in zip(golden_keys, golden, strict=True):
        if key in live_at:
            matches.append((index, live_at[key], False, True))
        else:
            only_golden.append((index, node))
    only_live = [item for key, item in zip(live_keys, live, strict=True) if key not in golden_set]
    return matches + _match_by_key(only_golden, only_live, dialect)


def _match_by_key(golden: _Items, live: _Items, dialect: Dialect) -> list[_Match]:
    """Pair what stands for the same setting: a key that one item of each side has."""
    by_key: defaultdict[str, tuple[_Items, _Items]] = defaultdict(lambda: ([], []))
    for side, items in enumerate((golden, live)):
        for item in items:
            match = dialect.keyed.match(dialect.bare(item[1].line))
            by_key[match["key"] if match else item[1].line][side].append(item)
    matches: list[_Match] = []
    for before, now in by_key.values():
        if len(before) == len(now) == 1 and not (before[0][1].children and now[0][1].children):
            matches.append((before[0][0], now[0][0], False, False))
        else:
            matches += [(index, None, False, False) for index, _ in before]
            matches += [(None, index, False, False) for index, _ in now]
    return matches


def _match_ordered(golden: _Items, live: _Items, pattern: re.Pattern[str], dialect: Dialect) -> list[_Match]:
    golden_keys = _ordered_keys(golden, pattern, dialect)
    live_keys = _ordered_keys(live, pattern, dialect)
    place_of = {key: place for place, key in enumerate(golden_keys)}
    common = [(place, place_of[key]) for place, key in enumerate(live_keys) if key in place_of]
    gone_astray = moved([before for _, before in common])
    matches: list[_Match] = []
    anchors: list[tuple[int, int]] = []
    for number, (now, before) in enumerate(common):
        is_moved = number in gone_astray
        matches.append((golden[before][0], live[now][0], is_moved, True))
        if not is_moved:
            anchors.append((before, now))
    paired_golden = {before for _, before in common}
    paired_live = {now for now, _ in common}
    only_golden = [place for place in range(len(golden)) if place not in paired_golden]
    only_live = [place for place in range(len(live)) if place not in paired_live]
    versions = _versions(golden, live, only_golden, only_live, anchors)
    matches += [(golden[before][0], live[now][0], False, False) for before, now in versions.items()]
    matches += [(golden[place][0], None, False, False) for place in only_golden if place not in versions]
    replaced = set(versions.values())
    matches += [(None, live[place][0], False, False) for place in only_live if place not in replaced]
    return matches


def _ordered_keys(items: _Items, pattern: re.Pattern[str], dialect: Dialect) -> list[_Key]:
    return _numbered(_ordered_name(node.line, pattern, dialect) for _, node in items)


def _ordered_name(line: str, pattern: re.Pattern[str], dialect: Dialect) -> str:
    match = pattern.fullmatch(line)
    if match and "key" in pattern.groupindex:
        return match["key"]
    bare = meaning(line, dialect)
    return dialect.position_number.sub("", bare, count=1) if dialect.position_number else bare


def _versions(
    golden: _Items, live: _Items, only_golden: list[int], only_live: list[int], anchors: list[tuple[int, int]]
) -> dict[int, int]:
    """Pair two versions of one rule: alike, and between the same two neighbours that stayed."""
    gaps: defaultdict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, places in enumerate((only_golden, only_live)):
        fixed = [anchor[side] for anchor in anchors]
        for place in places:
            gaps[bisect.bisect(fixed, place)][side].append(place)
    versions: dict[int, int] = {}
    for before, now in gaps.values():
        if len(before) * len(now) > MAX_CANDIDATES:
            continue
        free = list(now)
        for place in before:
            partner = next((other for other in free if _are_alike(golden[place][1], live[other][1])), None)
            if partner is not None:
                versions[place] = partner
                free.remove(partner)
    return versions


def _are_alike(one: Node, other: Node) -> bool:
    if one.children or other.children or len(one.line) + len(other.line) > MAX_ALIKE:
        return False
    words, others = set(one.line.split()), set(other.line.split())
    return 2 * len(words & others) >= (len(words) + len(others)) * MIN_SHARED


def _in_evaluation_order(matches: list[_Match]) -> list[_Match]:
    """Sort by place in live; what live lacks follows the nearest item before it in golden that stayed."""
    stayed = {before: now for before, now, is_moved, _ in matches if before is not None and not is_moved}
    place_of: dict[int, int] = {}
    nearest = -1
    for before in sorted(before for before, _, _, _ in matches if before is not None):
        now = stayed.get(before)
        if now is not None:
            nearest = now
        place_of[before] = nearest

    def place(match: _Match) -> tuple[int, int]:
        before, now, _, _ = match
        return (now, -1) if now is not None else (place_of[before or 0], before or 0)

    return sorted(matches, key=place)
