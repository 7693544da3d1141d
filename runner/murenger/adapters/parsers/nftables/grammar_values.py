"""The grammar of nftables values: words, ranges, concatenations, sets and their elements.

Input: the words of a statement and a position in them. Output: JSON as libnftables writes it, and the next position.

Values are shared between rules: nobody may change them.
"""

import functools
import re
from collections.abc import Callable
from types import MappingProxyType

from murenger.model.json_value import JsonValue

Found = tuple[JsonValue, int]
"""What was read, and the position of the first word after it."""

BINARY = frozenset({"&", "|", "^", "<<", ">>"})
VERDICTS = MappingProxyType({name: {name: None} for name in ("accept", "drop", "continue", "return")})
RESERVED = frozenset(
    {*VERDICTS, "jump", "goto", "queue", "counter", "comment", "limit", "log", "reject", "vmap", "map", "set", ""}
)
"""Words that nft never prints, unquoted, as a value."""

_FOLLOWS = frozenset({".", ",", "/", "-", *BINARY})
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-fA-F]+")
_PREFIX = re.compile(r"([0-9][0-9.]*|[0-9a-fA-F]*:[0-9a-fA-F:.]*|0x[0-9a-fA-F]+)/([0-9]{1,3})")
_LITERAL = r"[0-9][\w.:]*|[0-9a-fA-F]*:[0-9a-fA-F:.]*"
_RANGE = re.compile(rf"({_LITERAL})-({_LITERAL})")
_SYMBOL = re.compile(rf"@?[A-Za-z_*][\w.*/+-]*|{_LITERAL}")
_DURATION = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")
_SECONDS = (604_800, 86_400, 3_600, 60, 1)
_MAX_WORD = 256
_MAX_WORD_INTEGER = (1 << 64) - 1
_BOOLEANS = MappingProxyType({"exists": True, "missing": False})


class NotUnderstoodError(ValueError):
    """The words are none that this grammar knows."""


def expect(words: list[str], i: int, *expected: str) -> int:
    """Return the position after the expected words."""
    for word in expected:
        if words[i] != word:
            raise NotUnderstoodError
        i += 1
    return i


def integer(word: str) -> int:
    """Return a whole decimal number."""
    if not word.isdecimal() or len(word) > 20:
        raise NotUnderstoodError
    return int(word)


def quoted(word: str) -> str:
    """Return what is between quotation marks, or a bare name."""
    if word in RESERVED or not (word[0] == '"' or _SYMBOL.fullmatch(word)):
        raise NotUnderstoodError
    return word.strip('"')


@functools.lru_cache(maxsize=4_096)
def seconds(word: str) -> int:
    """Return how many whole seconds a duration such as `1h30m` lasts."""
    found = _DURATION.fullmatch(word)
    if not word or found is None or len(word) > 64:
        raise NotUnderstoodError
    return sum(int(part) * unit for part, unit in zip(found.groups(), _SECONDS, strict=False) if part)


@functools.lru_cache(maxsize=65_536)
def value(word: str) -> JsonValue:
    """Return the JSON of one word: a number, an address, a prefix, a range, a name."""
    if word in RESERVED or len(word) > _MAX_WORD:
        raise NotUnderstoodError
    if word[0] == '"':
        if len(word) == 2:
            raise NotUnderstoodError
        return word[1:-1]
    if word in _BOOLEANS:
        return _BOOLEANS[word]
    if _NUMBER.fullmatch(word):
        return _integer(word)
    found = _PREFIX.fullmatch(word)
    if found:
        return {"prefix": {"addr": value(found[1]), "len": int(found[2])}}
    found = _RANGE.fullmatch(word)
    if found:
        return {"range": [value(found[1]), value(found[2])]}
    if _SYMBOL.fullmatch(word):
        return word
    raise NotUnderstoodError


def _integer(word: str) -> JsonValue:
    number = int(word, 16 if word.startswith("0x") else 10)
    return number if number <= _MAX_WORD_INTEGER else f"0x{number:x}"


def term(words: list[str], i: int) -> Found:
    """Read one value: a word, a range of quoted words, something in parentheses."""
    word = words[i]
    if words[i + 1] == "-" and word[0] == '"':
        if words[i + 2] == "":
            raise NotUnderstoodError
        return {"range": [value(word), value(words[i + 2])]}, i + 3
    if word != "(":
        return value(word), i + 1
    inside, i = chained(words, i + 1)
    return inside, expect(words, i, ")")


def chained(words: list[str], i: int) -> Found:
    """Read a value that may be a concatenation (`a . b`) or a bitwise expression (`a | b`)."""
    found, i = term(words, i)
    if words[i] in BINARY:
        return operated(found, words, i)
    if words[i] != ".":
        return found, i
    parts = [found]
    while words[i] == ".":
        found, i = term(words, i + 1)
        parts.append(found)
    return {"concat": parts}, i


def operated(left: JsonValue, words: list[str], i: int) -> Found:
    """Read the bitwise operators and operands that follow a value."""
    while words[i] in BINARY:
        operator = words[i]
        right, i = term(words, i + 1)
        left = {operator: [left, right]}
    return left, i


def right_side(words: list[str], i: int) -> Found:
    """Read what a field is held against: a value, several separated by commas, a set, or the name of one."""
    word = words[i]
    if word == "{":
        found, i = elements(words, i + 1)
        return {"set": found}, i
    if words[i + 1] not in _FOLLOWS:
        return value(word), i + 1
    first, i = chained(words, i)
    if words[i] != ",":
        return first, i
    several = [first]
    while words[i] == ",":
        first, i = term(words, i + 1)
        several.append(first)
    return several, i


def elements(words: list[str], i: int) -> tuple[list[JsonValue], int]:
    """Read the elements of a set or map, from after the opening brace to after the closing one."""
    found: list[JsonValue] = []
    while words[i] != "}":
        follows = words[i + 1]
        if follows in {",", "}"}:
            found.append(value(words[i]))
            i += 1
        else:
            element, i = _element(words, i)
            found.append(element)
            follows = words[i]
        if follows == ",":
            i += 1
        elif follows != "}":
            raise NotUnderstoodError
    return found, i + 1


def _element(words: list[str], i: int) -> Found:
    key, i = chained(words, i)
    said, i = _attributes(words, i)
    data: JsonValue = None
    is_mapping = words[i] == ":"
    if is_mapping:
        data, i = verdict_or_value(words, i + 1)
        more, i = _attributes(words, i)
        said |= more
    element: JsonValue = {"elem": {"val": key, **said}} if said else key
    return ([element, data] if is_mapping else element), i


def verdict_or_value(words: list[str], i: int) -> Found:
    """Read the right side of a mapping."""
    verdict = VERDICTS.get(words[i])
    if verdict is not None:
        return verdict, i + 1
    if words[i] in {"jump", "goto"}:
        return {words[i]: {"target": quoted(words[i + 1])}}, i + 2
    return chained(words, i)


def _attributes(words: list[str], i: int) -> tuple[dict[str, JsonValue], int]:
    said: dict[str, JsonValue] = {}
    while True:
        match words[i]:
            case "timeout" | "expires":
                said[words[i]] = seconds(words[i + 1])
                i += 2
            case "comment":
                said["comment"] = quoted(words[i + 1])
                i += 2
            case "counter":
                said["counter"], i = counts(words, i + 1)
            case "limit":
                said["limit"], i = rate_limit(words, i + 1)
            case _:
                return said, i


def counts(words: list[str], i: int) -> Found:
    """Read what a counter has counted, where the listing says."""
    if words[i] != "packets":
        return None, i
    return {"packets": integer(words[i + 1]), "bytes": integer(words[expect(words, i + 2, "bytes")])}, i + 4


def rate_limit(words: list[str], i: int) -> Found:
    """Read a limit's rate and burst, from `rate` on."""
    i = expect(words, i, "rate")
    is_over = words[i] == "over"
    i += is_over
    number, slash, per = words[i].partition("/")
    said: dict[str, JsonValue] = {"rate": integer(number)}
    i += 1
    if not slash:
        unit, slash, per = words[i].partition("/")
        said |= {"rate_unit": unit, "burst_unit": "bytes"}
        i += 1
    if not per.isalpha():
        raise NotUnderstoodError
    # nft leaves out a burst of its default.
    said |= {"burst": 0 if "rate_unit" in said else 5, "per": per}
    if words[i] == "burst":
        said["burst"] = integer(words[i + 1])
        if "rate_unit" in said:
            said["burst_unit"] = words[i + 2]
        elif words[i + 2] != "packets":
            raise NotUnderstoodError
        i += 3
    if is_over:
        said["inv"] = True
    return said, i


def mapped(found: JsonValue, convert: Callable[[JsonValue], JsonValue]) -> JsonValue:
    """Return a value with each of its words converted."""
    if isinstance(found, list):
        return [mapped(one, convert) for one in found]
    if isinstance(found, dict):
        return {kind: found[kind] if kind == "len" else mapped(found[kind], convert) for kind in found}
    return convert(found)
