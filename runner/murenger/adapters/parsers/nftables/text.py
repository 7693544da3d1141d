"""The text of an nftables listing, as the JSON that `nft -j list ruleset` would give of the same ruleset.

Input: what `nft list ruleset` prints, or murenger's canonical form of it. Output: the JSON, with the lines of each
object.

The JSON is that of libnftables (json_schema_version 1) with three additions: every object has `line`, its first and
last line; what this grammar does not know is an object or a statement `unreadable` with its text; and `flags` are right
where nft 1.0.6 writes them wrong: those of a table are a list, those of a set name `dynamic` too.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from murenger.adapters.parsers.nftables.grammar_fields import data_type
from murenger.adapters.parsers.nftables.grammar_statements import rule
from murenger.adapters.parsers.nftables.grammar_values import NotUnderstoodError, elements, integer, quoted, seconds
from murenger.adapters.parsers.nftables.lexer import Block, Statement, blocks, words
from murenger.adapters.parsers.nftables.listing import read_json
from murenger.model.json_value import JsonValue

__all__ = ["read_json", "read_text"]

_Object = dict[str, JsonValue]
_STANDARD_PRIORITIES = MappingProxyType(
    {"raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100}
)
_BRIDGE_PRIORITIES = MappingProxyType({"dstnat": -300, "filter": -200, "out": 100, "srcnat": 300})
_BASE_CHAIN = re.compile(
    r'type (?P<type>\w+) hook (?P<hook>\w+)(?: device "(?P<device>[^"]+)"| devices = \{(?P<devices>[^{}]*)\})?'
    r" priority (?:(?P<name>[a-z]+)(?: (?P<sign>[+-]) (?P<offset>\d{1,10}))?|(?P<number>-?\d{1,10}))"
)
_SET_KEYS = MappingProxyType({"typeof": "type", "elements": "elem"})
_SPACES = re.compile(r"\s+")


_FLUSH = "flush ruleset"


def read_text(text: str) -> JsonValue:
    """Return what libnftables would list as JSON for the ruleset that this text lists.

    Args:
        text: a listing, with or without counts and handles; may be hostile.

    Returns:
        `{"nftables": [...]}`: of each table the table itself, then its objects and sets, its chains, and their rules.

    Raises:
        ParseError: braces or quotes do not match, or the text is too large or deep; the message names the line.
    """
    found: list[JsonValue] = []
    for one in blocks(text):
        if not found and not isinstance(one, Block) and " ".join(one.text.split()) == _FLUSH:
            # A file to be loaded begins so: what was there before is gone, and what follows is all.
            continue
        head = words(one.head)[:-1] if isinstance(one, Block) else []
        if isinstance(one, Block) and head[:1] == ["table"] and 2 <= len(head) <= 3:
            family = head[1] if len(head) > 2 else "ip"
            found.extend(_table(one, family, head[-1]))
        else:
            found.append(_unreadable(one, {}))
    return {"nftables": found}


def _table(block: Block, family: str, name: str) -> list[JsonValue]:
    said: _Object = {"family": family, "name": name}
    place: _Object = {"family": family, "table": name}
    objects: list[JsonValue] = []
    rules: list[JsonValue] = []
    for one in block.body:
        if isinstance(one, Block):
            kind, _, label = one.head.partition(" ")
            if kind == "chain" and label:
                objects.append(_chain(one, label, place, rules))
            elif kind in {"set", "map"} and label:
                objects.append(_set(one, kind, label, place))
            else:
                objects.append(_unreadable(one, place))
        elif not _table_property(one.text, said):
            objects.append(_unreadable(one, place))
    return [{"table": said | _lines(block)}, *objects, *rules]


def _table_property(text: str, said: _Object) -> bool:
    word, _, rest = text.partition(" ")
    if word in said:
        return False
    if word == "flags":
        said["flags"] = _flags(rest)
    elif word == "comment" and rest.startswith('"'):
        said["comment"] = rest[1:-1]
    else:
        return False
    return True


def _chain(block: Block, name: str, place: _Object, rules: list[JsonValue]) -> JsonValue:
    said: _Object = place | {"name": name}
    family = str(place["family"])
    in_chain = place | {"chain": name}
    for one in block.body:
        text, first, last = _statement(one)
        if not _is_rule(text) and _chain_property(text, family, said):
            continue
        expressions, comment = rule(text, family)
        found: _Object = in_chain | {"expr": expressions, "line": [first, last]}
        if comment is not None:
            found["comment"] = comment
        rules.append({"rule": found})
    if "hook" in said:
        said.setdefault("policy", "accept")
    return {"chain": said | _lines(block)}


def _is_rule(text: str) -> bool:
    """True if the statement cannot be a property of the chain, judged by its first letter for speed."""
    return text[0] not in "tpcf"


def _chain_property(text: str, family: str, said: _Object) -> bool:
    word, _, rest = text.partition(" ")
    if word in said:
        return False
    if word == "type":
        found = _BASE_CHAIN.fullmatch(_SPACES.sub(" ", text))
        return found is not None and _base_chain(found.groupdict(), family, said)
    if word == "policy" and rest in {"accept", "drop"}:
        said["policy"] = rest
    elif word == "flags" and rest == "offload":
        said["flags"] = [rest]
    elif word == "comment" and rest.startswith('"'):
        said["comment"] = rest[1:-1]
    else:
        return False
    return True


def _base_chain(found: Mapping[str, str | None], family: str, said: _Object) -> bool:
    names = _BRIDGE_PRIORITIES if family == "bridge" else _STANDARD_PRIORITIES
    name = found["name"]
    if name is None:
        priority = int(found["number"] or 0)
    elif name in names:
        priority = names[name] + int((found["sign"] or "+") + (found["offset"] or "0"))
    else:
        return False
    said |= {"type": found["type"], "hook": found["hook"], "prio": priority}
    if found["device"]:
        said["dev"] = found["device"]
    if found["devices"]:
        said["dev"] = [device.strip().strip('"') for device in found["devices"].split(",")]
    return True


def _set(block: Block, kind: str, name: str, place: _Object) -> JsonValue:
    said: _Object = place | {"name": name}
    unread: list[JsonValue] = []
    for one in block.body:
        text, _, _ = _statement(one)
        try:
            understood = _set_property(text, said)
        except (NotUnderstoodError, IndexError):
            understood = False
        if not understood:
            unread.append(text)
    if "timeout" in said:
        # nft leaves the flag out where a default timeout says it.
        flags = said.get("flags", [])
        said["flags"] = [*(flags if isinstance(flags, list) else ()), "timeout"]
    if unread:
        said["unreadable"] = unread
    return {kind: said | _lines(block)}


def _set_property(text: str, said: _Object) -> bool:
    word, _, rest = text.partition(" ")
    if _SET_KEYS.get(word, word) in said:
        # What stands twice means both or neither, and nobody here knows which.
        return False
    reader = _SET_READERS.get(word)
    if reader is not None:
        said[word] = reader(rest)
        return True
    match word:
        case "type" | "typeof":
            return _declared(rest, word, said)
        case "policy" if rest in {"memory", "performance"}:
            said[word] = rest
        case "auto-merge" if not rest:
            said[word] = True
        case "elements":
            row = words(rest)
            said["elem"], end = elements(row, 2) if row[:2] == ["=", "{"] else ([], 0)
            return row[end] == ""
        case _:
            return _set_statement(text, word, said)
    return True


def _set_statement(text: str, word: str, said: _Object) -> bool:
    """Read what is done for each element, such as counting."""
    found, comment = rule(text, "inet")
    if "stmt" in said or comment is not None or len(found) != 1 or word not in {"counter", "limit", "quota", "ct"}:
        return False
    said["stmt"] = found
    return True


def _flags(text: str) -> list[JsonValue]:
    return [flag.strip() for flag in text.split(",")]


_SET_READERS: MappingProxyType[str, Callable[[str], JsonValue]] = MappingProxyType(
    {"flags": _flags, "timeout": seconds, "gc-interval": seconds, "size": integer, "comment": quoted}
)


def _declared(rest: str, word: str, said: _Object) -> bool:
    key, colon, data = (part.strip() for part in rest.partition(" : "))
    types: list[JsonValue] = [_type(part, word) for part in key.split(" . ")]
    said["type"] = types[0] if len(types) == 1 else types
    if colon:
        said["map"] = " . ".join(_type(part, word) for part in data.split(" . "))
    return bool(key)


def _type(text: str, word: str) -> str:
    # What a map gives may be a verdict or a named object, however its key is declared.
    is_field = word == "typeof" and text.strip() not in {"verdict", "counter", "quota", "limit"}
    return data_type(text.strip()) if is_field else text.strip()


def _statement(one: Block | Statement) -> Statement:
    if isinstance(one, Statement):
        return one
    return Statement(one.head + " { " + "; ".join(_statement(inner).text for inner in one.body) + " }", *one[2:])


def _unreadable(one: Block | Statement, place: _Object) -> JsonValue:
    text, first, last = _statement(one)
    return {"unreadable": place | {"text": text, "line": [first, last]}}


def _lines(block: Block) -> _Object:
    return {"line": [block.first, block.last]}
