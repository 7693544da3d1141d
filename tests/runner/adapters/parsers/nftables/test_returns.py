"""Returns in chains that lead to one another cost no more than their number: nothing that left a chain comes back.

Input: listings with many returns. Output: rulesets of a size that grows with the text.
"""

import pytest

from murenger.adapters.parsers import parser_for


def listing(chains: int, returns: int) -> str:
    """Return a listing of chains that jump one to the next, each after some returns."""
    lines = ["table ip t {"]
    for chain in range(chains):
        lines.append(f"chain u{chain} {{")
        lines += [f"tcp dport {100 * chain + 10 * number + 1} return" for number in range(returns)]
        lines += [f"ip saddr 10.0.{chain}.0/24 jump u{chain + 1}"] if chain + 1 < chains else []
        lines += [f"udp dport {chain + 1} drop", "}"]
    hook = "type filter hook forward priority filter; policy drop;"
    return "\n".join([*lines, "chain f {", hook, "jump u0", "accept", "}", "}"])


@pytest.mark.parametrize(("chains", "returns"), [(1, 40), (4, 12), (8, 8), (3, 60)])
def test_returns_do_not_multiply(chains: int, returns: int) -> None:
    (rules,) = (one.rules for one in parser_for("nftables").parse(listing(chains, returns)).lists)
    matches = sum(len(rule.any_of) + len(rule.unless) for rule in rules)
    assert matches <= (chains * returns + 2) * (chains + 2)
