"""The kernel decides real packets as the model says: random rulesets, real frames, every construct that is modelled.

Input: network namespaces made by the test. Output: no mismatch, and a proof that mistakes would have been seen.

The ordinary run compares 20,000 packets. The nightly run compares ten times as many, from another seed if wanted:

    export MURENGER_KERNEL_PACKETS=200000 MURENGER_KERNEL_SEED=1000
    pytest -s tests/runner/adapters/parsers/nftables/test_kernel.py
"""

import os
import sys
from typing import Any

import pytest

from murenger.adapters.parsers import parser_for

PACKETS = int(os.environ.get("MURENGER_KERNEL_PACKETS", "20000"))
SEED = int(os.environ.get("MURENGER_KERNEL_SEED", "0"))
KINDS = (
    *("IPv4", "IPv6", "new", "established", "related", "invalid", "untracked"),
    *(f"protocol {number}" for number in (1, 6, 17, 47, 50, 58)),
    *(f"{way} {verdict}" for way in ("forward", "input") for verdict in ("accepted", "dropped")),
)

pytestmark = [pytest.mark.lab, pytest.mark.slow]


@pytest.fixture(scope="module")
def report(campaign: Any) -> Any:
    """Return what the run found, and print how much it is worth."""
    with campaign.kernel() as kernel:
        found = campaign.run(parser_for("nftables"), PACKETS, SEED, kernel)
    sys.stdout.write(f"\n{found}\n")
    return found


def test_the_model_and_the_kernel_agree_on_every_packet(report: Any) -> None:
    assert not report.mismatches, "\n".join(report.mismatches[:20])
    assert not report.unknown, "\n".join(report.unknown[:20])
    assert not report.refused, "\n".join(report.refused[:3])
    assert len(report.too_large) <= report.seeds // 20, "\n".join(report.too_large)
    assert report.packets >= PACKETS


def test_every_mistake_of_a_parser_would_have_been_seen(report: Any, campaign: Any) -> None:
    unseen = [name for name in campaign.NAMES if not report.kills[name]]
    assert not unseen, f"mistakes that this run would not have seen: {unseen}"
    assert report.share <= campaign.SHARE, "one rule decides too much"
    assert len(report.weak) <= report.seeds, "most rulesets say too little: the generator has become weak"


def test_every_kind_of_packet_takes_part(report: Any) -> None:
    few = {kind: report.covered[kind] for kind in KINDS if report.covered[kind] < PACKETS // 1_000}
    assert not few, f"hardly any packets: {few}"


def test_a_wrong_model_is_found_out(campaign: Any) -> None:
    """The oracle itself: it must fail for a parser that forgets the first rule of every list."""
    parser = parser_for("nftables")

    class Forgetful:
        def parse(self, text: str) -> Any:
            return campaign.forget_a_rule(parser.parse(text))

    report = campaign.Report()
    with campaign.kernel() as kernel:
        for seed in range(SEED, SEED + 3):
            campaign.try_seed(Forgetful(), seed, kernel, report)
    assert report.mismatches
