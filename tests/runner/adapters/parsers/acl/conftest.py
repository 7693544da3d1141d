"""What the tests of access lists share.

Input: fixtures of our own writing. Output: configurations, and the verdict on one packet.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from murenger.model.packet import packet_from_json
from murenger.semantics.interpreter import trace
from murenger.semantics.ir import Ruleset

FIXTURES = Path(__file__).resolve().parents[4] / "fixtures"


@pytest.fixture(scope="session")
def configuration() -> Callable[[str], str]:
    """Return a function from a platform to the text of its fixture."""
    names = {"eos": "leaf.txt", "nxos": "edge.txt"}
    return lambda platform: (FIXTURES / platform / "rules" / names[platform]).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def verdict() -> Callable[[Ruleset, Mapping[str, object]], str]:
    """Return a function from a ruleset and a packet's JSON to allow, deny or unknown."""
    return lambda ruleset, said: trace(ruleset, packet_from_json(said)).answer.value
