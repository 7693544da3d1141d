"""Two listings of one ruleset, object by object: the text as our grammar reads it, and the JSON that nft writes.

Input: both as values. Output: the objects that differ, apart from what nft 1.0.6 is known to leave out or write
wrongly.
"""

from collections.abc import Iterator, Mapping, Sequence

_OURS = frozenset({"line", "auto-merge", "dev"})
_THEIRS = frozenset({"handle", "expires"})
# Named objects other than sets are no rules; the text keeps them as they are written.
_RULES = frozenset({"table", "chain", "set", "map", "rule"})


def differing_objects(text: object, listing: object) -> Iterator[str]:
    """Yield one line for each object that differs."""
    ours, theirs = _objects(text), _objects(listing)
    if len(ours) != len(theirs):
        yield f"{len(ours)} objects in the text, {len(theirs)} in the JSON"
    for one, other in zip(ours, theirs, strict=False):
        if not _same(one, other):
            yield f"{one} is {other} in the JSON"


def _same(ours: object, theirs: object) -> bool:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        if set(ours) == set(theirs) == {"range"} and all(isinstance(end, int) for end in ours["range"]):
            # In its JSON nft names what it writes as a number in the text; the rules that follow are compared anyway.
            return all(isinstance(end, str) or end in ours["range"] for end in theirs["range"])
        return set(ours) == set(theirs) and all(_same(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list | tuple) and isinstance(theirs, list | tuple):
        return len(ours) == len(theirs) and all(map(_same, ours, theirs))
    return ours == theirs


def _objects(listing: object) -> list[object]:
    """Return tables, chains, sets and rules, the objects of a kind in their order."""
    found = []
    assert isinstance(listing, Mapping)
    for entry in listing["nftables"]:
        ((kind, said),) = entry.items()
        if kind in _RULES:
            found.append((kind, _comparable(said, kind)))
    return sorted(found, key=lambda one: (one[0], str(one[1].get("table"))))


def _comparable(said: object, kind: str = "") -> object:
    if isinstance(said, Mapping):
        found = {key: _comparable(value) for key, value in said.items() if key not in _OURS | _THEIRS}
        if kind in {"table", "chain"}:
            # nft 1.0.6 has no comment of a table or chain in its JSON, and the flags of a table are wrong.
            found.pop("comment", None)
            found.pop("flags", None)
        if kind in {"set", "map"} and "flags" in found:
            found["flags"] = sorted(set(said["flags"]) - {"dynamic"})
            if not found["flags"]:
                del found["flags"]
        return found
    if isinstance(said, Sequence) and not isinstance(said, str):
        return [_comparable(one) for one in said]
    return said
