"""verify.sh, sabotaged: each check taken out in turn lets a tampering go unnamed, so none is there for show."""

import importlib.util
import re
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from murenger.record.evidence.pack import verifier_script


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

pytestmark = pytest.mark.slow

SABOTAGE = (
    ("'seal-malformed", "malformed line"),
    ("'seal-signature", "sealed by a stranger"),
    ("$sum -c SHA256SUMS", "record flipped"),
    ("'day-chain: it has no records'", "day emptied"),
    ('"day-chain: does not follow', "unchained"),
    ("'timestamp-bad", "token flipped"),
    ('"sequence:', "removed"),
    ("'chain-break", "removed, chain"),
    ('"decision-mismatch: $file cites it"', "decision removed"),
    ('"record-signature', "stranger"),
    ("'decision-mismatch: other bytes", "decision altered"),
    ('"decision-mismatch: not signed', "by the runner"),
    ('"approval-self', "self-approved"),
    ("'empty-log", "no days"),
    ('"rewritten', "rewritten"),
    ('"truncated', "cut"),
    ("'not a plain file", "symlink"),
    ("'extra-file or missing", "extra file"),
)
# Tested below with a log of their own.
ELSEWHERE = ("'seal-late",)


def test_every_line_that_names_a_fault_is_sabotaged_in_a_test() -> None:
    naming = [line for line in verifier_script().decode().splitlines() if re.search(r"\bfault [\"'$d]|FAULT \$1", line)]
    for line in naming:
        known = [mark for mark in (*(mark for mark, _ in SABOTAGE), *ELSEWHERE) if mark in line]
        assert len(known) == 1, (line, known)
    assert len(naming) == len(SABOTAGE) + len(ELSEWHERE)


@pytest.mark.parametrize(("mark", "name"), SABOTAGE)
def test_each_check_taken_out_lets_a_tampering_go_unnamed(packs: Any, mark: str, name: str, tmp_path: Path) -> None:
    done, expected = TAMPERINGS.run(packs, "ed25519", TAMPERINGS.named(name), tmp_path, crippled(tmp_path, mark))
    assert not any(expected.match(fault) for fault in done.faults), done.out


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("  manifest .\n", "", "list altered"),
        ('  manifest "$day"\n', "", "record flipped"),
        ("; cut -c67- SHA256SUMS; }", "; }", "record removed"),
    ],
)
def test_each_part_taken_out_lets_a_tampering_go_unnamed(
    packs: Any, old: str, new: str, name: str, tmp_path: Path
) -> None:
    text = verifier_script().decode()
    assert text.count(old) == 1
    script = tmp_path / "crippled.sh"
    script.write_text(text.replace(old, new))
    done, expected = TAMPERINGS.run(packs, "ed25519", TAMPERINGS.named(name), tmp_path, script)
    if name == "record removed":
        # Without the pack's own list nothing tells what should be there, so everything is a stranger.
        assert len(done.faults) > 3
    else:
        assert not any(expected.match(fault) for fault in done.faults), done.out


def crippled(folder: Path, mark: str) -> Path:
    """Write the script with the line of one check taken out."""
    lines = verifier_script().decode().splitlines(keepends=True)
    (number,) = [number for number, line in enumerate(lines) if mark in line]
    lines[number] = re.sub(r"\bfault (?=[\"'d])", ": ", lines[number]).replace("FAULT $1/", "")
    script = folder / "crippled.sh"
    script.write_text("".join(lines))
    return script
