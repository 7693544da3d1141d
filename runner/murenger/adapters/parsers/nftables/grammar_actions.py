"""The grammar of what nftables rules do: verdicts with a target, counting, logging, limits, rejection, translation.

Input: the words of a rule, the position of a statement in them, the table's family. Output: JSON as libnftables writes
it, and the next position; None where the words begin a match after all.
"""

import re
from collections.abc import Callable
from types import MappingProxyType

from murenger.adapters.parsers.nftables.grammar_fields import expression, field, is_field
from murenger.adapters.parsers.nftables.grammar_values import (
    Found,
    NotUnderstoodError,
    counts,
    elements,
    expect,
    integer,
    quoted,
    rate_limit,
    right_side,
    seconds,
    value,
)
from murenger.model.json_value import JsonValue

Action = Callable[[list[str], int, str], Found]

_NAT_FLAGS = frozenset({"random", "fully-random", "persistent", "netmap"})
_ADDRESS = r"[0-9][0-9.]*"
_ADDRESS6 = r"\[([0-9a-fA-F:.]+)\]"
_TARGET = re.compile(rf"(?:{_ADDRESS6}(?:-{_ADDRESS6})?|({_ADDRESS}(?:-{_ADDRESS})?))?(?::([0-9]+(?:-[0-9]+)?))?")
_REJECTIONS = MappingProxyType({"ip": "icmp", "ip6": "icmpv6"})
_LOG_NUMBERS = frozenset({"group", "snaplen", "queue-threshold"})
_OBJECTS_SET = MappingProxyType(
    {
        ("ct", "helper"): "ct helper",
        ("ct", "timeout"): "ct timeout",
        ("ct", "expectation"): "ct expectation",
        ("meta", "secmark"): "secmark",
    }
)


def _jump(row: list[str], i: int, _: str) -> Found:
    return {row[i]: {"target": quoted(row[i + 1])}}, i + 2


def _counter(row: list[str], i: int, _: str) -> Found:
    if row[i + 1] == "name":
        return _named(row, i)
    said, i = counts(row, i + 1)
    return {"counter": said}, i


def _named(row: list[str], i: int) -> Found:
    """Read the use of a named object: `counter name "web"`, or one that a map chooses."""
    kind = row[i]
    i = expect(row, i + 1, "name")
    if not is_field(row, i):
        return {kind: quoted(row[i])}, i + 1
    found, i = computed(row, i)
    return {kind: found}, i


def _limit(row: list[str], i: int, _: str) -> Found:
    if row[i + 1] == "name":
        return _named(row, i)
    said, i = rate_limit(row, i + 1)
    return {"limit": said}, i


def _quota(row: list[str], i: int, _: str) -> Found:
    if row[i + 1] == "name":
        return _named(row, i)
    i += 1
    is_over = row[i] == "over"
    i += row[i] in {"over", "until"}
    said: dict[str, JsonValue] = {"val": integer(row[i]), "val_unit": quoted(row[i + 1])}
    i += 2
    if is_over:
        said["inv"] = True
    if row[i] == "used":
        said |= {"used": integer(row[i + 1]), "used_unit": quoted(row[i + 2])}
        i += 3
    return {"quota": said}, i


def _log(row: list[str], i: int, _: str) -> Found:
    said: dict[str, JsonValue] = {}
    flags: list[JsonValue] = []
    i += 1
    while True:
        word = row[i]
        if word in _LOG_NUMBERS:
            said[word] = integer(row[i + 1])
        elif word in {"prefix", "level"}:
            said[word] = quoted(row[i + 1])
        elif word == "flags":
            i = _log_flags(row, i + 1, flags)
            continue
        else:
            break
        i += 2
    if said.get("level") in {"warn", "warning"}:
        del said["level"]
    if flags:
        said["flags"] = flags[0] if len(flags) == 1 else flags
    return {"log": said or None}, i


def _log_flags(row: list[str], i: int, flags: list[JsonValue]) -> int:
    word = row[i]
    if word not in {"tcp", "ip"}:
        flags.append(quoted(word))
        return i + 1
    while True:
        flags.append(f"{word} {quoted(row[i + 1])}")
        i += 2
        if row[i] != ",":
            return i


def _reject(row: list[str], i: int, family: str) -> Found:
    i += 1
    if row[i] != "with":
        return {"reject": {"type": _REJECTIONS.get(family, "icmpx"), "expr": "port-unreachable"}}, i
    kind = row[i + 1]
    i += 2
    if kind == "tcp":
        return {"reject": {"type": "tcp reset"}}, expect(row, i, "reset")
    if kind not in {"icmp", "icmpv6", "icmpx"}:
        raise NotUnderstoodError
    i += row[i] == "type"
    return {"reject": {"type": kind, "expr": value(row[i])}}, i + 1


def computed(row: list[str], i: int) -> Found:
    """Read what a statement gives something: an expression, or what a map makes of one."""
    found, i = expression(row, i)
    if row[i] != "map":
        return found, i
    data: JsonValue
    if row[i + 1] == "{":
        several, i = elements(row, i + 2)
        data = {"set": several}
    else:
        data, i = value(row[i + 1]), i + 2
    return {"map": {"key": found, "data": data}}, i


def _translation(row: list[str], i: int, _: str) -> Found:
    kind = row[i]
    i += 1
    said: dict[str, JsonValue] = {}
    flags: list[JsonValue] = []
    if row[i] in {"ip", "ip6"}:
        said["family"] = row[i]
        i += 1
    if row[i] == "prefix":
        said["type_flags"] = "prefix"
        flags.append("netmap")
        i += 1
    if row[i] == "addr":
        i = expect(row, i, "addr", ".", "port")
        said["type_flags"] = "concat"
    if row[i] == "to":
        i = _target(row, i + 1, said)
    while row[i] in _NAT_FLAGS:
        flags.append(row[i])
        i += 1 + (row[i + 1] == ",")
    if flags:
        said["flags"] = flags[0] if len(flags) == 1 else flags
    return {kind: said or None}, i


def _target(row: list[str], i: int, said: dict[str, JsonValue]) -> int:
    found = _TARGET.fullmatch(row[i])
    if found is None and row[i].startswith(":"):
        said["port"], i = computed([*row[:i], row[i][1:], *row[i + 1 :]], i)
        return i
    if found is None or row[i + 1] == ".":
        said["addr"], i = computed(row, i)
        return i
    low, high, address, port = found.groups()
    if low:
        said["addr"] = {"range": [low, high]} if high else low
    elif address:
        said["addr"] = value(address)
    if port:
        said["port"] = value(port)
    return i + 1


def _queue(row: list[str], i: int, _: str) -> Found:
    said: dict[str, JsonValue] = {}
    flags: list[JsonValue] = []
    i += 1
    if row[i] == "flags":
        i = _queue_flags(row, i + 1, flags)
    if row[i] in {"to", "num"}:
        said["num"], i = computed(row, i + 1)
    if row[i] in {"bypass", "fanout"}:
        i = _queue_flags(row, i, flags)
    if flags:
        said["flags"] = flags[0] if len(flags) == 1 else flags
    return {"queue": said or None}, i


def _queue_flags(row: list[str], i: int, flags: list[JsonValue]) -> int:
    while row[i] in {"bypass", "fanout"}:
        flags.append(row[i])
        i += 1 + (row[i + 1] == ",")
    return i


def _duplicate(row: list[str], i: int, _: str) -> Found:
    said: dict[str, JsonValue] = {}
    i += 1
    if row[i] == "to":
        said["addr"], i = computed(row, i + 1)
    if said and row[i] == "device":
        said["dev"], i = computed(row, i + 1)
    return {"dup": said or None}, i


def _forward(row: list[str], i: int, _: str) -> Found:
    i += 1
    if row[i] == "to":
        device, i = computed(row, i + 1)
        return {"fwd": {"dev": device}}, i
    family = row[i]
    i = expect(row, i + 1, "to")
    address, i = computed(row, i)
    device, i = computed(row, expect(row, i, "device"))
    return {"fwd": {"dev": device, "family": family, "addr": address}}, i


def _synproxy(row: list[str], i: int, _: str) -> Found:
    if row[i + 1] == "name":
        return _named(row, i)
    said: dict[str, JsonValue] = {}
    flags: list[JsonValue] = []
    i += 1
    while row[i] in {"mss", "wscale"}:
        said[row[i]] = integer(row[i + 1])
        i += 2
    while row[i] in {"timestamp", "sack-perm"}:
        flags.append(row[i])
        i += 1
    if flags:
        said["flags"] = flags
    return {"synproxy": said or None}, i


def _set_update(row: list[str], i: int, family: str) -> Found:
    """Read a statement that writes to a set or map when a packet comes."""
    operation, name = row[i], value(row[i + 1])
    said: dict[str, JsonValue] = {"op": operation}
    said["elem"], statements, i = _updated(row, expect(row, i + 2, "{"), family)
    kind = "set"
    if row[i] == ":":
        kind = "map"
        said["data"], i = computed(row, i + 1)
    said[kind] = name
    if statements:
        said["stmt"] = statements
    return {kind: said}, expect(row, i, "}")


def _updated(row: list[str], i: int, family: str) -> tuple[JsonValue, list[JsonValue], int]:
    key, i = expression(row, i)
    if row[i] == "timeout":
        key = {"elem": {"val": key, "timeout": seconds(row[i + 1])}}
        i += 2
    statements: list[JsonValue] = []
    while row[i] not in {"}", ":"}:
        statement, i = ACTIONS[row[i]](row, i, family) if row[i] in _STATEFUL else (None, i)
        if statement is None:
            raise NotUnderstoodError
        statements.append(statement)
    return key, statements, i


def _meter(row: list[str], i: int, family: str) -> Found:
    said: dict[str, JsonValue] = {"name": quoted(row[i + 1])}
    i = expect(row, i + 2, "size")
    said["size"] = integer(row[i])
    said["key"], statements, i = _updated(row, expect(row, i + 1, "{"), family)
    (said["stmt"],) = statements
    return {"meter": said}, expect(row, i, "}")


def _connection(row: list[str], i: int, _: str) -> Found:
    """Read what begins with `ct` or `meta` and is neither a match nor an assignment."""
    if row[i + 1] == "count":
        is_over = row[i + 2] == "over"
        i += 2 + is_over
        said: dict[str, JsonValue] = {"val": integer(row[i])}
        return {"ct count": said | {"inv": True} if is_over else said}, i + 1
    kind = _OBJECTS_SET.get((row[i], row[i + 1]))
    if kind and row[i + 2] == "set" and row[i + 3][0] == '"':
        return {kind: quoted(row[i + 3])}, i + 4
    return None, i


def assignment(key: JsonValue, row: list[str], i: int) -> Found:
    """Read what a field is set to, from after `set` on."""
    found, i = right_side(row, i) if row[i + 1] == "," else computed(row, i)
    return {"mangle": {"key": key, "value": found}}, i


def _plain(row: list[str], i: int, _: str) -> Found:
    return {row[i]: None}, i + 1


def _flow(row: list[str], i: int, _: str) -> Found:
    return {"flow": {"op": "add", "flowtable": value(row[expect(row, i + 1, "add")])}}, i + 3


def _xtables(row: list[str], i: int, _: str) -> Found:
    if row[i + 1] not in {"match", "target", "watcher"}:
        raise NotUnderstoodError
    return {"xt": {"type": row[i + 1], "name": quoted(row[i + 2])}}, i + 3


def _strip(row: list[str], i: int, _: str) -> Found:
    found, i = field(row, i + 1)
    return {"reset": found}, i


_STATEFUL = frozenset({"counter", "limit", "quota", "ct"})

ACTIONS: MappingProxyType[str, Action] = MappingProxyType(
    {
        "jump": _jump,
        "goto": _jump,
        "counter": _counter,
        "limit": _limit,
        "quota": _quota,
        "log": _log,
        "reject": _reject,
        **dict.fromkeys(("snat", "dnat", "masquerade", "redirect", "fullcone", "tproxy"), _translation),
        "queue": _queue,
        "dup": _duplicate,
        "fwd": _forward,
        "synproxy": _synproxy,
        **dict.fromkeys(("add", "update", "delete"), _set_update),
        "meter": _meter,
        "notrack": _plain,
        "flow": _flow,
        "xt": _xtables,
        "reset": _strip,
        "ct": _connection,
        "meta": _connection,
    }
)
"""First word of a statement -> its reader; it answers None where the statement is a match."""
