"""A large rule set heals where the kernel takes it, and is refused in plain words where it does not (C35)."""

import os
from typing import Any

import pytest
from tests.contracts.devices.passes import trial

from murenger.adapters.napalm import NapalmRemediator, NapalmSource, TimeLimits
from murenger.errors import RemediationError
from murenger.lab.firewall.console import in_fw
from murenger.lab.firewall.values import NETNS
from murenger.model import OutcomeVerdict

# More than an unprivileged kernel takes at once; `make breadth` asks for 10,000 and 50,000, and so does the benchmark.
RULES = int(os.environ.get("MURENGER_RULES", "1500"))
AT_ONCE = 400
TOO_LARGE = r"too large for one transaction.*net\.core\.wmem_max"
# Ten seconds for each 10,000 rules are ample on an idle machine; what is slow is the benchmark's matter.
LIMITS = TimeLimits(connect_s=60.0, call_s=600.0)


def fill(bench: Any, rules: int) -> None:
    """Give the firewall so many rules more, a few hundred at a time."""
    sources = (f"10.{n >> 16}.{n >> 8 & 255}.{n & 255} tcp dport {1 + n % 65535}" for n in range(rules))
    lines = [f"add rule inet murenger forward ip saddr {source} drop\n" for source in sources]
    for first in range(0, rules, AT_ONCE):
        in_fw(bench.device_dir, ("nft", "-f", "-"), stdin="".join(lines[first : first + AT_ONCE]))


def test_c35_a_large_rule_set_heals_or_is_refused_before_anything_is_armed(bench: Any) -> None:
    fill(bench, RULES)
    golden = bench.read().text
    bench.play(bench.rogue)
    drifted = bench.running()
    remediator = NapalmRemediator(lambda _: bench.login(), bench.clock, LIMITS)
    if bench.description.form == NETNS:
        source = NapalmSource(lambda _: bench.login("read"), bench.clock, LIMITS)
        outcome = trial(bench, golden, revert_in_s=3600, remediator=remediator, source=source).heal()
        assert outcome.verdict is OutcomeVerdict.HEALED, outcome.reason
        assert bench.running().count("\n") == drifted.count("\n") - 1
        return
    with pytest.raises(RemediationError, match=TOO_LARGE), remediator.open(bench.device) as session:
        session.stage(golden)
    assert bench.shell("ls /run/murenger-nft 2>/dev/null | grep -v lock || true") == "", "nothing was armed"
    assert bench.running() == drifted
