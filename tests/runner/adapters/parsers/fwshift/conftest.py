"""What the tests of parsers through fwshift share.

Input: fixtures of our own writing, and packets as one line of text. Output: configurations, and the fate of packets.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from murenger.adapters.parsers.fwshift.platforms import parser
from murenger.model.packet import Packet, packet_from_json
from murenger.semantics.interpreter import trace
from murenger.semantics.ir import Ruleset

FIXTURES = Path(__file__).resolve().parents[4] / "fixtures"

_PACKET = re.compile(
    r"(?P<way>\S*)>(?P<out>\S*) (?P<src>\S+)>(?P<dst>\S+) "
    r"(?P<proto>[a-z]+\d?|\d+)(/(?P<low>\d+))?( (?P<high>\d+))?(?P<rest>( \w+=\S+)*)"
)


@pytest.fixture(scope="session")
def configuration() -> Callable[[str, str], str]:
    """Return a function from a platform and a file's name to its text."""
    return lambda platform, name: (FIXTURES / platform / "rules" / name).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def ruleset(configuration: Callable[[str, str], str]) -> Callable[[str, str], Ruleset]:
    """Return a function from a platform and a file's name to its rules."""
    known: dict[tuple[str, str], Ruleset] = {}

    def read(platform: str, name: str) -> Ruleset:
        if (platform, name) not in known:
            known[platform, name] = parser(platform).parse(configuration(platform, name))
        return known[platform, name]

    return read


@pytest.fixture(scope="session")
def packet() -> Callable[[str], Packet]:
    """Return a function from `in>out src>dst proto[/sport or type] [dport or code] [state=.. flags=.. acl=..]`."""
    return _packet


@pytest.fixture(scope="session")
def verdict() -> Callable[[Ruleset, str], str]:
    """Return a function from rules and a packet to `allow`, `deny` or `unknown`, and the rule that decides."""

    def ask(rules: Ruleset, text: str) -> str:
        found = trace(rules, _packet(text))
        rule = found.rule.rule if found.rule else found.why
        return f"{found.answer.value} {rule}" if found.answer.value != "unknown" else "unknown"

    return ask


def _packet(text: str) -> Packet:
    found = _PACKET.fullmatch(text)
    assert found, text
    said: dict[str, object] = {"src": found["src"], "dst": found["dst"], "proto": found["proto"]}
    said |= {key: value for key, value in (("in", found["way"]), ("out", found["out"])) if value}
    low, high = ("type", "code") if found["proto"].startswith("icmp") else ("sport", "dport")
    said |= {key: int(value) for key, value in ((low, found["low"]), (high, found["high"])) if value}
    said |= dict(one.split("=", 1) for one in found["rest"].split())
    return packet_from_json(said)
