"""Opaque conditions: what stands for a condition of an nftables rule that nobody here can tell.

Input: the condition's JSON and its table. Output: a key whose digest covers the condition and whatever it names.
"""

import hashlib
import json

from murenger.adapters.parsers.nftables.document import JsonObject, RuleText, Table, text_of
from murenger.adapters.parsers.nftables.sets import definition_of
from murenger.model.json_value import JsonValue
from murenger.semantics.ir import OpaqueKey

_KINDS = {
    "mark": "mark", "skuid": "user", "skgid": "user", "cgroup": "user", "time": "schedule", "hour": "schedule",
    "day": "schedule", "limit": "limit", "quota": "limit", "ct count": "limit", "unreadable": "unreadable",
}  # fmt: skip
_UNWRITTEN = frozenset(
    {"limit", "quota", "ct count", "last", "numgen", "jhash", "symhash", "socket", "osf", "dormant", "device"}
)
_UNWRITTEN_META = frozenset(
    {
        "skuid", "skgid", "cgroup", "cpu", "time", "hour", "day", "length", "iifgroup", "oifgroup", "iiftype",
        "oiftype", "iifkind", "oifkind", "random",
    }
)  # fmt: skip
_NAMED = {"limit", "quota", "counter", "ct helper", "ct timeout", "ct expectation", "synproxy", "secmark"}
_UNSAID = frozenset({"line", "handle", "comment", "packets", "bytes", "used"})
_MAX_LABEL, _MAX_LABEL_DEPTH, _MAX_LABEL_PARTS = 120, 6, 8


class Keys:
    """Makes the keys of one ruleset's opaque conditions."""

    def __init__(self, writers: JsonValue) -> None:
        """Remember what conditions may depend on.

        Args:
            writers: whatever in the ruleset changes packets, marks, connections or sets: the truth of conditions hangs
                on it.
        """
        self._writers = digest(writers)

    def key(self, said: JsonObject, table: Table, kind: str = "", label: str = "") -> OpaqueKey:
        """Return the key of a condition.

        Args:
            said: the statement.
            table: where the names in it are looked up.
            kind: what sort of condition, or "" to be told from the statement.
            label: for people, or "" for the statement itself.
        """
        whole = {"condition": resolved(said, table), "writers": self._writers if _may_be_written(said) else None}
        return OpaqueKey(kind or _kind(said), digest(whole), label or described(said))


def digest(value: JsonValue) -> str:
    """Return SHA-256, hex, of JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def resolved(value: JsonValue, table: Table) -> JsonValue:
    """Return JSON with names of sets and objects replaced by what they hold, and without lines, counts and comments."""
    if isinstance(value, str):
        return definition_of(value[1:], table) if value[:1] == "@" and value[1:] in table.sets else value
    if isinstance(value, list):
        return [resolved(one, table) for one in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, JsonValue] = {}
    for name, inner in value.items():
        if name in _UNSAID and not (name == "bytes" and "packets" not in value):
            continue
        if name in _NAMED and isinstance(inner, str):
            # An object that was not understood may be the one that is named.
            listed: JsonValue = table.objects.get((name, inner)) or {"one of": [dict(one) for one in table.unreadable]}
            found[name] = [plain(listed) if isinstance(listed, dict) else None, inner]
        elif name in {"jump", "goto"}:
            found[name] = inner
        else:
            found[name] = resolved(inner, table)
    return found


def plain(value: JsonObject) -> dict[str, JsonValue]:
    """Return an object without lines, handles, counts and comments."""
    return {
        name: inner
        for name, inner in value.items()
        if name not in _UNSAID or (name == "bytes" and "packets" not in value)
    }


def described(said: JsonValue) -> str:
    """Return a statement in few words, for people."""
    text = _words(said)
    return text if len(text) <= _MAX_LABEL else text[: _MAX_LABEL - 3] + "..."


def whole_table(table: Table) -> str:
    """Return a digest of everything that a table says, without lines, handles, counts and comments."""
    # No set has this name.
    found = table.digests.get("")
    if found is None:
        found = table.digests[""] = digest(_whole(table))
    return found


def _whole(table: Table) -> JsonValue:
    return [
        list(table.key),
        resolved(dict(table.said), table),
        [[name, kind, definition_of(name, table)] for name, (kind, _) in table.sets.items()],
        [[kind, name, plain(said)] for (kind, name), said in table.objects.items()],
        [resolved(said, table) for said in table.unreadable],
        [[name, resolved(chain.said, table), rules_said(chain.rules, table)] for name, chain in table.chains.items()],
    ]


def rules_said(rules: list[RuleText], table: Table) -> JsonValue:
    """Return what rules say, in order."""
    return [resolved(list(rule.expressions), table) for rule in rules]


def _may_be_written(said: JsonObject) -> bool:
    """True unless no rule can change what a condition looks at."""
    ((kind, inner),) = said.items()
    left = inner.get("left") if kind == "match" and isinstance(inner, dict) else None
    if not isinstance(left, dict) or len(left) != 1:
        return kind not in _UNWRITTEN
    ((source, field),) = left.items()
    if source == "fib":
        return "mark" in described(field)
    if source == "meta" and isinstance(field, dict):
        return text_of(field.get("key")) not in _UNWRITTEN_META
    return source not in _UNWRITTEN


def _kind(said: JsonObject) -> str:
    ((kind, inner),) = said.items()
    if kind == "match" and isinstance(inner, dict):
        left = inner.get("left")
        if isinstance(left, dict) and len(left) == 1:
            ((kind, inner),) = left.items()
            if kind in {"meta", "ct"} and isinstance(inner, dict):
                key = text_of(inner.get("key"))
                return _KINDS[key] if key in _KINDS else str(kind)
    return _KINDS.get(kind) or str(kind)


def _words(said: JsonValue, depth: int = 0) -> str:
    if depth > _MAX_LABEL_DEPTH:
        return "..."
    if isinstance(said, list):
        return ",".join(_words(one, depth + 1) for one in said[:_MAX_LABEL_PARTS]) + ",..." * (
            len(said) > _MAX_LABEL_PARTS
        )
    return _words_of_object(said, depth) if isinstance(said, dict) else str(said)[:_MAX_LABEL]


def _words_of_object(said: JsonObject, depth: int) -> str:
    if set(said) >= {"op", "left", "right"}:
        operator = "" if text_of(said["op"]) in {"==", "in"} else f" {said['op']}"
        return f"{_words(said['left'], depth + 1)}{operator} {_words(said['right'], depth + 1)}"
    if len(said) == 1:
        ((name, inner),) = said.items()
        hidden = name in {"match", "payload", "set", "unreadable", "key"}
        return " ".join([name] * (not hidden) + [_words(inner, depth + 1)] * (inner is not None))
    return " ".join(_words(inner, depth + 1) for inner in said.values())
