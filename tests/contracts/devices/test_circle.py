"""The circle closes: heal(live) is golden, and rollback(healed) is live, for every fixture case that a device holds.

Input: `tests/fixtures/PLATFORM/CASE/{live,golden}.conf`. Output: both states reached on a device or in a kernel,
through the drivers that the product uses. What keeps the lab reachable is added to both texts alike.
"""

import json
import pathlib
import re
from collections.abc import Callable, Iterable
from typing import Any, cast

import pytest
from tests.contracts.devices.passes import NOW, OneConnection, trial, wanted
from tests.contracts.devices.tables import UNHOLDABLE

from murenger.compare import compare
from murenger.errors import GuardRefusedError
from murenger.lab.firewall.console import in_fw
from murenger.model import OutcomeVerdict, Severity, Snapshot, digest_of

JUNOS_MANAGEMENT = """
system {
    login { @USERS@ }
    services { netconf { ssh; } }
}
security {
    address-book global { @ADDRESSES@ }
    zones {
        security-zone management {
            host-inbound-traffic { system-services { ssh; netconf; } }
            interfaces { ge-0/0/0.0; }
        }
    }
}
interfaces {
    ge-0/0/0 { unit 0 { family inet { address 192.0.2.1/25; } } }
    ge-0/0/1 { unit 0 { family inet { address 198.51.100.1/24; } } }
    ge-0/0/2 { unit 0 { family inet { address 203.0.113.1/24; } } }
}
"""
ADDRESSES = ("office", "any-office", "quarantine", "partner", "web-server", "card-database")
# A made-up hash of the fixtures, which a device would not take for its length.
SHORT_HASH = re.compile(r"(?<=sha512 )\$6\$(\w+)\$(\w+)")
HASH_LENGTH = 86


def nftables_text(_bench: Any, text: str) -> str:
    return text


def eos_text(bench: Any, text: str) -> str:
    users = re.findall(r"^username murenger-.*\n", bench.running(), re.MULTILINE)
    assert users
    text = SHORT_HASH.sub(lambda found: f"$6${found[1]}${found[2].ljust(HASH_LENGTH, 'x')}", text)
    return text.replace("\nsnmp-server contact", "\n" + "".join(users) + "snmp-server contact", 1)


def junos_text(bench: Any, text: str) -> str:
    secret = 'authentication { encrypted-password "$6$abcdefgh$ijklmnopqrstuv"; }'
    users = [f"user {login.name} {{ class super-user; {secret} }}" for login in bench.description.logins]
    addresses = [f"address {name} 203.0.113.{number}/32;" for number, name in enumerate(ADDRESSES, start=32)]
    return text + JUNOS_MANAGEMENT.replace("@USERS@", "\n".join(users)).replace("@ADDRESSES@", "\n".join(addresses))


WITH_MANAGEMENT: dict[str, Callable[[Any, str], str]] = {
    "nftables": nftables_text,
    "eos": eos_text,
    "junos": junos_text,
}


def run(bench: Any, text: str) -> None:
    """Make a device run a text, without any help of ours."""
    if bench.platform == "nftables":
        in_fw(bench.device_dir, ("nft", "-f", "-"), stdin=f"flush ruleset\n{text}")
        return
    with bench.driver() as driver:
        driver.load_replace_candidate(config=text)
        driver.commit_config()


def text_of(bench: Any, case: pathlib.Path, name: str) -> str:
    """Return a text of a case, with what keeps the lab reachable."""
    text = (case / f"{name}.conf").read_bytes().decode("utf-8", "surrogateescape")
    return WITH_MANAGEMENT[bench.platform](bench, text)


def held(differences: object) -> list[tuple[tuple[str, ...], str]]:
    """Return where and how, of differences in a fixture or of ours."""
    found = [
        (one["path"], one["operation"]) if isinstance(one, dict) else (one.path, one.operation.value)
        for one in cast("Iterable[Any]", differences)
    ]
    return [(tuple(path), operation) for path, operation in found]


def test_the_circle_closes(bench: Any, case: pathlib.Path) -> None:
    golden, live = text_of(bench, case, "golden"), text_of(bench, case, "live")
    if (bench.platform, case.name) in UNHOLDABLE:
        with pytest.raises(Exception, match=UNHOLDABLE[bench.platform, case.name][0]):
            run(bench, live)
        return
    run(bench, golden)
    with bench.connection() as connection:
        source = OneConnection(connection)
        golden = source.read(bench.device).text
        run(bench, live)
        raw = source.read(bench.device).text
        drift = compare(state(bench, golden), state(bench, raw), detected_at=NOW)
        # The device lists the case in its own form, and it is the same drift all the same.
        assert held(drift.differences) == held(json.loads((case / "diff.json").read_text())["differences"])
        if not drift.healable:
            check_nothing_to_heal(bench, golden, source)
            return
        attempt = trial(bench, golden, source=source)
        assert attempt.heal().verdict is OutcomeVerdict.HEALED
        healed = source.read(bench.device).text
        is_foreign = any(found.severity is Severity.FOREIGN for found in drift.differences)
        assert digest_of(state(bench, healed).text) == attempt.plan.expected_digest
        assert is_foreign or state(bench, healed).text == state(bench, golden).text
        roll_back(bench, raw, golden, source)
        assert state(bench, source.read(bench.device).text).text == state(bench, raw).text


def state(bench: Any, text: str) -> Snapshot:
    """Return a text in the form that is compared."""
    return wanted(bench, text).golden.snapshot


def roll_back(bench: Any, raw: str, golden: str, source: OneConnection) -> None:
    """Bring back what ran before, as a change of its own where that is a policy at all."""
    if raw.strip():
        assert trial(bench, raw, source=source).heal().verdict is OutcomeVerdict.HEALED
        return
    # Nobody heals towards an empty rule set: here the unconfirmed change itself is taken back.
    bench.play("flush")
    with bench.remediator().open(bench.device) as session:
        session.stage(golden)
        session.commit(message="contract", revert_in_s=60)
        assert bench.running()


def check_nothing_to_heal(bench: Any, golden: str, source: OneConnection) -> None:
    """Nothing of ours differs: no plan is made, and the device is left as it is."""
    before = bench.running()
    with pytest.raises(GuardRefusedError, match="nothing that healing may change"):
        trial(bench, golden, source=source)
    assert bench.running() == before
