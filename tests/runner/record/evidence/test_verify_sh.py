"""verify.sh: stock tools alone accept an honest pack, and name the file of every fault that they can see."""

import dataclasses
import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from murenger.adapters.keys import SshVerifier
from murenger.adapters.keys.trust_folder import read_trust
from murenger.record.verify import Scope, verify_store
from murenger.record.verify.given import parse_given
from murenger.record.verify.trust import Trust

KINDS = ("ed25519", "p256", "unstamped")


def _sibling(name: str) -> types.ModuleType:
    """Return a module of this folder, which pytest's importlib mode keeps off sys.path."""
    full = f"murenger_evidence_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules[full] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[full])
    return sys.modules[full]


TAMPERINGS = _sibling("tamperings")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fast", [(), ("--fast",)])
def test_stock_tools_alone_accept_an_honest_pack(packs: Any, kind: str, fast: tuple[str, ...]) -> None:
    bureau = packs.bureau(kind)
    assert not {"python", "python3", "murenger"} & {path.name for path in bureau.bin.iterdir()}
    done = bureau.check(bureau.folder / "pack", *fast, "--anchor", str(bureau.anchor(0, 6, 9)))
    assert done.faults == []
    assert (done.code, done.err) == (0, "")
    assert "anchored to 9, and nothing is promised beyond" in done.out
    assert ("no time stamp" in done.out) == (kind == "unstamped")


@pytest.mark.slow
@pytest.mark.parametrize("tampering", TAMPERINGS.ALL, ids=lambda tampering: tampering.name)
def test_a_fault_is_named_with_its_file(packs: Any, tampering: Any, tmp_path: Path) -> None:
    done, expected = TAMPERINGS.run(packs, "ed25519", tampering, tmp_path)
    assert any(expected.match(fault) for fault in done.faults), (expected.pattern, done.out, done.err)
    assert (done.code, done.err) == (1, "")


@pytest.mark.parametrize("kind", ["p256", "unstamped"])
@pytest.mark.parametrize("name", ["record flipped", "manifest flipped", "stranger", "wrong role", "rewritten"])
def test_a_fault_is_named_whatever_the_keys_and_without_time_stamps(
    packs: Any, kind: str, name: str, tmp_path: Path
) -> None:
    tampering = TAMPERINGS.named(name)
    done, expected = TAMPERINGS.run(packs, kind, tampering, tmp_path)
    assert any(expected.match(fault) for fault in done.faults), (expected.pattern, done.out, done.err)
    assert (done.code, done.err) == (1, "")


@pytest.mark.parametrize("tampering", TAMPERINGS.STOLEN_KEY[-2:], ids=lambda tampering: tampering.name)
def test_without_an_anchor_what_a_key_thief_cuts_or_rewrites_passes_with_a_warning(
    packs: Any, tampering: Any, tmp_path: Path
) -> None:
    done, _ = TAMPERINGS.run(packs, "ed25519", dataclasses.replace(tampering, options=()), tmp_path)
    assert done.code == 0, done.out
    assert "warning: no --anchor" in done.out


def test_fast_leaves_the_signatures_of_sealed_days_to_the_seal_and_checks_the_rest(packs: Any, tmp_path: Path) -> None:
    bureau = packs.bureau("ed25519")
    for number, name in enumerate(("stranger", "by the runner")):
        case = TAMPERINGS.Case(bureau, packs.copy("ed25519", tmp_path / str(number)))
        TAMPERINGS.named(name).act(case)
        assert bureau.check(case.pack, "--fast").code == 0
        assert bureau.check(case.pack).code == 1
    case = TAMPERINGS.Case(bureau, packs.copy("ed25519", tmp_path / "unsealed"))
    case.sign(case.record(12), key=bureau.world.stranger)
    case.reseal()
    done = bureau.check(case.pack, "--fast")
    assert "000000012.json.sig: record-signature" in done.out


# What lies beside the days proves nothing, so `murenger verify` leaves it to the script, which checks the pack's seal.
BESIDE = frozenset({"extra file", "list altered", "pack sealed by a stranger"})
CODES = {
    "record flipped": "record-altered",
    "unsealed record flipped": "record-altered",
    "manifest flipped": "seal-",
    "record removed": "record-missing",
    "extra record": "extra-file",
    "middle day dropped": "sequence",
    "sealed by a stranger": "signer-unknown",
    "symlink": "not-regular",
    "malformed line": "seal-malformed",
    "carriage returns": "seal-malformed",
    "absolute name": "seal-malformed",
    "way out": "seal-malformed",
    "token flipped": "timestamp-bad",
    "other day's token": "timestamp-bad",
    "removed": "sequence",
    "removed, chain": "chain-break",
    "stranger": "signer-unknown",
    "approver as runner": "namespace",
    "decision altered": "decision-mismatch",
    "decision removed": "decision-mismatch",
    "wrong role": "namespace",
    "cut": "truncated",
    "rewritten": "rewritten",
    "no days": "empty-log",
}


@pytest.mark.parametrize(
    "tampering", [item for item in TAMPERINGS.ALL if item.name not in BESIDE], ids=lambda tampering: tampering.name
)
def test_murenger_verify_names_what_the_script_names(packs: Any, tampering: Any, tmp_path: Path) -> None:
    bureau = packs.bureau("ed25519")
    case = TAMPERINGS.Case(bureau, packs.copy("ed25519", tmp_path / "pack"))
    tampering.act(case)
    given = [bureau.anchor(int(number)) for number in tampering.options]
    anchors = tuple(parse_given(str(path), path.read_bytes()) for path in given)
    trust = read_trust(bureau.trust / "allowed_signers")
    report = verify_store(case.pack, trust=trust, scope=Scope(anchors=anchors))
    assert report.exit_code == 1
    codes = {finding.code.value for log in report.logs for finding in log.findings}
    assert any(code.startswith(CODES.get(tampering.name, "")) for code in codes), codes


def test_murenger_verify_accepts_what_the_script_accepts(packs: Any) -> None:
    for kind in KINDS:
        bureau = packs.bureau(kind)
        trust = Trust(verifier=SshVerifier(bureau.trust / "allowed_signers"))
        report = verify_store(bureau.folder / "pack", trust=trust)
        assert report.exit_code == 3, [finding for log in report.logs for finding in log.findings]
