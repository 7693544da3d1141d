"""Merging through the unmodified drivers: what is named is changed, and nothing else.

Input: a few lines in the device's own form. Output: a difference that shows them alone; refused lines change nothing.
"""

import os
from typing import Any

import pytest
from napalm.base.exceptions import MergeConfigException

DEVICES = ("fw1-userns", "leaf1", "srx1", *(("fw1-netns",) if os.environ.get("MURENGER_BREADTH") else ()))
ADDED = {
    "nftables": ("insert rule inet murenger forward tcp dport 9 drop\n", "tcp dport 9 drop"),
    "eos": ("vlan 777\n   name MERGED\n", "vlan 777"),
    "junos": (
        "security { address-book global { address merged 198.51.100.77/32; } }\n",
        "address merged 198.51.100.77/32;",
    ),
}
# The same entry, and all that it holds afterwards: what it held before is gone, which a plain merge would have kept.
JUNOS_REPLACEMENT = (
    "security policies from-zone untrust to-zone trust { replace: policy deny-all { match { source-address partner; "
    "destination-address any; application any; } then { deny; } } }\n"
)
REPLACED = {
    "nftables": (
        "flush chain inet murenger forward\nadd rule inet murenger forward ct state established,related accept\n",
        "tcp dport 443",
    ),
    "eos": ("no ip access-list CDE-IN\nip access-list CDE-IN\n   10 deny ip any any\n", "permit tcp"),
    "junos": (JUNOS_REPLACEMENT, "source-address any;"),
}
REFUSED = {
    "nftables": "add rule inet murenger forward tcp dport nonsense accept\n",
    "eos": "ip access-list CDE-IN\n   5 permit sideways any any\n",
    "junos": "security { flux-capacitor on; }\n",
}


def parted(bench: Any, text: str) -> tuple[str, list[str]]:
    """Return the entry that is replaced, and the lines of everything else."""
    starts, end = {
        "nftables": (("chain forward {",), "\t}"),
        "eos": (("ip access-list CDE-IN",), "!"),
        "junos": (("from-zone untrust to-zone trust {", "policy deny-all {"), "\n            }"),
    }[bench.platform]
    first = 0
    for start in starts:
        first = text.index(start, first)
    last = text.index(end, first + len(starts[-1]))
    return text[first:last], body(text[:first] + text[last:])


def test_merging_adds_what_is_named_and_keeps_the_rest(bench: Any) -> None:
    lines, expected = ADDED[bench.platform]
    before = bench.running()
    with bench.driver() as driver:
        driver.load_merge_candidate(config=lines)
        shown = [line for line in driver.compare_config().splitlines() if line.startswith(("+", "-"))]
        assert any(expected in line for line in shown)
        assert not [line for line in shown if line.startswith("-") and not line.startswith("---")]
        driver.commit_config()
    after = bench.running()
    assert expected in after
    assert [line for line in body(before) if line not in body(after)] == []


def test_merging_can_replace_one_entry_as_the_platform_spells_it(bench: Any) -> None:
    lines, gone = REPLACED[bench.platform]
    before = bench.running()
    entry, others = parted(bench, before)
    assert gone in entry
    with bench.driver() as driver:
        driver.load_merge_candidate(config=lines)
        driver.compare_config()
        driver.commit_config()
    entry, untouched = parted(bench, bench.running())
    assert gone not in entry
    assert untouched == others


def test_merging_a_bad_line_changes_nothing_and_leaves_nothing(bench: Any) -> None:
    before = bench.running()
    with (
        bench.driver() as driver,
        pytest.raises(MergeConfigException),
    ):
        driver.load_merge_candidate(config=REFUSED[bench.platform])
    assert bench.running() == before
    with bench.driver() as driver:
        driver.load_merge_candidate(config=ADDED[bench.platform][0])
        assert ADDED[bench.platform][1] in driver.compare_config()
        driver.discard_config()
    assert bench.running() == before


def body(text: str) -> list[str]:
    """Return the lines of a configuration without its header."""
    return [line for line in text.splitlines() if not line.startswith(("! ", "## "))]
