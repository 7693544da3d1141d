"""What the tests of Junos share.

Input: a fixture of our own writing. Output: its text, as set commands too, and the verdict on one packet.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from murenger.adapters.parsers.junos.statements import statements_of
from murenger.model.packet import packet_from_json
from murenger.semantics.interpreter import trace
from murenger.semantics.ir import Ruleset

FIXTURES = Path(__file__).resolve().parents[4] / "fixtures" / "junos"


@pytest.fixture(scope="session")
def router() -> str:
    """Return the configuration of a router, in braces."""
    return (FIXTURES / "rules" / "router.conf").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def firewall() -> str:
    """Return the configuration of an SRX with filters, in braces."""
    return (FIXTURES / "rules" / "mixed.conf").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def as_commands() -> Callable[[str], str]:
    """Return a function from a configuration in braces to set commands."""

    def convert(text: str) -> str:
        rows: list[str] = []
        for one in statements_of(text):
            words = [f'"{word}"' if set(word) & set(' {};"[]#') else word for word in one.words]
            if words[-1] == "inactive:":
                rows.append("deactivate " + " ".join(words[:-1]))
            else:
                rows.append("set " + " ".join(words))
        return "\n".join(rows) + "\n"

    return convert


@pytest.fixture(scope="session")
def verdict() -> Callable[[Ruleset, Mapping[str, object]], str]:
    """Return a function from a ruleset and a packet's JSON to allow, deny or unknown."""
    return lambda ruleset, said: trace(ruleset, packet_from_json(said)).answer.value
