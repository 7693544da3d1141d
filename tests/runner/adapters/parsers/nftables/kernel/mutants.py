"""Broken models: each makes one mistake that a parser of nftables could make.

Input: a listing and what its parser makes of it. Output: the rulesets that a broken parser would make.
"""

import contextlib
import dataclasses
import re
from collections.abc import Callable, Iterator

from murenger.errors import ParseError
from murenger.semantics.intervals import IPV6
from murenger.semantics.ir import Ruleset
from murenger.semantics.parser import RuleParser

_PORT = r"(?:!= |[<>]=? )?(?:\{[^}]*\}|@\w+|[\d-]+) "
_RANGE = re.compile(r"(?<![\w.:])(\d+)-(\d+)(?![\w.:])")
_ADDRESS_RANGE = re.compile(r"(\d+\.\d+\.\d+)\.(\d+)-(\d+\.\d+\.\d+)\.(\d+)")
_STATE = re.compile(r"ct state (?!vmap)(?:!= |! )?(?:\{[^}]*\}|[\w,]+) ")
_ELEMENTS = re.compile(r"(elements = \{[^}]*),[^,}]*\}")
_ICMP_REJECT = re.compile(r"reject with icmp(?:v6)? [\w-]+")


def _without_field(name: str) -> Callable[[str], str]:
    def mutate(text: str) -> str:
        text = re.sub(rf"(?<!\. )\b(tcp|udp) {name} {_PORT}", r"meta l4proto \1 ", text)
        return re.sub(rf"(?<!\. )\bth {name} {_PORT}", "", text)

    return mutate


def _range(low: int, high: int) -> Callable[[str], str]:
    def number(found: re.Match[str]) -> str:
        return f"{max(0, int(found[1]) + low)}-{int(found[2]) + high}"

    def address(found: re.Match[str]) -> str:
        return f"{found[1]}.{max(0, int(found[2]) + low)}-{found[3]}.{min(255, int(found[4]) + high)}"

    return lambda text: _ADDRESS_RANGE.sub(address, _RANGE.sub(number, text))


def _implied_family(text: str) -> str:
    text = _ICMP_REJECT.sub("reject with icmpx port-unreachable", text)
    return re.sub(r"\bip6? (?:protocol|nexthdr) ", "meta l4proto ", text)


_TEXT = {
    "negation ignored": lambda text: re.sub(r"(?<=[\w]) != ", " ", text),
    "dport ignored": _without_field("dport"),
    "sport ignored": _without_field("sport"),
    "range begins one too low": _range(-1, 0),
    "range ends one too high": _range(0, 1),
    "jump never returns": lambda text: re.sub(r"\bjump ", "goto ", text),
    "goto returns": lambda text: re.sub(r"\bgoto ", "jump ", text),
    "return ignored": lambda text: re.sub(r"\breturn(?=\n| \})", "continue", text),
    "implied family dropped": _implied_family,
    "state ignored": lambda text: _STATE.sub("", text),
    "set element dropped": lambda text: _ELEMENTS.sub(r"\1 }", text),
    "dormant ignored": lambda text: text.replace("\tflags dormant\n", ""),
}


def _last_match(ruleset: Ruleset) -> Ruleset:
    lists = (dataclasses.replace(one, rules=(*one.rules[-2::-1], one.rules[-1])) for one in ruleset.lists)
    return dataclasses.replace(ruleset, lists=tuple(lists))


def _without_ipv6(ruleset: Ruleset) -> Ruleset:
    def stripped() -> Iterator:
        for one in ruleset.lists:
            rules = (
                dataclasses.replace(rule, any_of=tuple(match for match in rule.any_of if match.family != IPV6))
                for rule in one.rules[:-1]
            )
            yield dataclasses.replace(one, rules=(*rules, one.rules[-1]))

    return dataclasses.replace(ruleset, lists=tuple(stripped()))


def _one_table(ruleset: Ruleset) -> Ruleset:
    return dataclasses.replace(ruleset, lists=tuple(one for one in ruleset.lists if "main" in one.name))


_RULESET = {"last match wins": _last_match, "IPv6 ignored": _without_ipv6, "other base chains ignored": _one_table}

NAMES = (*_TEXT, *_RULESET)
"""Every broken model."""


def broken_models(parser: RuleParser, text: str, ruleset: Ruleset) -> Iterator[tuple[str, Ruleset]]:
    """Yield the broken models that apply: those whose rules differ."""
    for name, mutate in _TEXT.items():
        mutated = mutate(text)
        if mutated == text:
            continue
        # Without its returns, a ruleset may become too large for the parser: then this one says nothing.
        with contextlib.suppress(ParseError):
            yield name, parser.parse(mutated)
    for name, change in _RULESET.items():
        broken = change(ruleset)
        if broken.lists != ruleset.lists:
            yield name, broken
