"""A day's manifest: what we write `sha256sum` reads, and what it would wrongly follow or pass we refuse."""

import hashlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from murenger.record.seal import Manifest, SealedFile, make_manifest, manifest_lines, parse_manifest

A, B = "a" * 64, "b" * 64
RECORD = "records/000000000.json"
CHAIN = "../2026-11-21/SHA256SUMS"

PART = st.from_regex(r"[A-Za-z0-9@_][A-Za-z0-9@._-]{0,12}", fullmatch=True)
PATH = st.one_of(PART, st.tuples(PART, PART).map("/".join)).filter(lambda path: not path.startswith("SHA256SUMS"))
DIGEST = st.binary(min_size=32, max_size=32).map(bytes.hex)


def line(path: str, sha256: str = A) -> bytes:
    return f"{sha256}  {path}\n".encode()


@given(files=st.dictionaries(PATH, DIGEST, min_size=1, max_size=8), chained=st.booleans())
def test_what_is_made_is_read_back(files: dict[str, str], *, chained: bool) -> None:
    listed = [SealedFile(path=path, sha256=sha256) for path, sha256 in files.items()]
    content = make_manifest([*listed, *([SealedFile(path=CHAIN, sha256=B)] if chained else [])])
    manifest = parse_manifest(content)
    assert {file.path: file.sha256 for file in manifest.files} == files
    assert (manifest.previous_day, manifest.previous_sha256) == (("2026-11-21", B) if chained else ("", ""))
    assert [file.path for file in manifest.files] == sorted(files)


@given(st.binary(max_size=300))
def test_no_bytes_are_read_that_would_not_be_written(content: bytes) -> None:
    try:
        lines = tuple(manifest_lines(content))
    except ValueError:
        return
    assert make_manifest(lines) == content


def test_sha256sum_checks_what_is_made(tmp_path: Path) -> None:
    day, before = tmp_path / "2026-11-22", tmp_path / "2026-11-21"
    (day / "records").mkdir(parents=True)
    before.mkdir()
    files = {day / "LEAVES": b"x", day / RECORD: b"{}", day / f"{RECORD}.sig": b"", before / "SHA256SUMS": b"y"}
    for path, content in files.items():
        path.write_bytes(content)
    names = ["LEAVES", RECORD, f"{RECORD}.sig", CHAIN]
    content = make_manifest(
        SealedFile(path=name, sha256=hashlib.sha256((day / name).read_bytes()).hexdigest()) for name in names
    )
    (day / "SHA256SUMS").write_bytes(content)
    subprocess.run(["sha256sum", "-c", "--quiet", "--strict", "SHA256SUMS"], cwd=day, check=True)
    in_order = subprocess.run(["sort", "-k2"], input=content, env={"LC_ALL": "C"}, capture_output=True, check=True)
    assert in_order.stdout == content


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "never empty"),
        (line(RECORD)[:-1], "cut short"),
        (line(RECORD) + b"\n", "line 2 is malformed"),
        (line(RECORD, A[:-1]), "line 1 is malformed"),
        (line(RECORD, A.upper()), "line 1 is malformed"),
        (b"\\" + line(RECORD), "line 1 is malformed"),
        (line(RECORD).replace(b"  ", b" *"), "line 1 is malformed"),
        (line(RECORD).replace(b"\n", b"\r\n"), "line 1 is malformed"),
        (line("records/a b"), "line 1 is malformed"),
        (line("records/\u00e9"), "line 1 is malformed"),
        (line("records/a\x00"), "line 1 is malformed"),
        (line("a" * 513), "line 1 is malformed"),
        (line("/etc/passwd"), "line 1 names"),
        (line("../../etc/passwd"), "line 1 names"),
        (line("records/../../x"), "line 1 names"),
        (line("records/.."), "line 1 names"),
        (line("./LEAVES"), "line 1 names"),
        (line("records//a"), "line 1 names"),
        (line("records/"), "line 1 names"),
        (line("a/b/c"), "line 1 names"),
        (line("records/-a"), "line 1 names"),
        (line(".hidden"), "line 1 names"),
        (line("records/a\\b"), "line 1 names"),
        (line("SHA256SUMS"), "line 1 names"),
        (line("SHA256SUMS.sig"), "line 1 names"),
        (line("SHA256SUMS.tsr.2"), "line 1 names"),
        (line("../2026-11-21/LEAVES"), "line 1 names"),
        (line("../2026-11-2/SHA256SUMS"), "line 1 names"),
        (line(CHAIN) + line("../2026-11-22/SHA256SUMS"), "line 2 names a second day"),
        (line("b") + line("a"), "line 2 is out of order"),
        (line("a") + line("a"), "line 2 is out of order or there twice"),
        (line("a") + line(CHAIN), "line 2 is out of order"),
    ],
)
def test_what_sha256sum_would_follow_or_pass_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_manifest(content)


def test_a_manifest_beyond_all_measure_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("murenger.record.seal.manifest.MAX_MANIFEST_BYTES", 100)
    assert parse_manifest(line("a")).files[0].path == "a"
    with pytest.raises(ValueError, match="larger"):
        parse_manifest(line("a") + line("b"))


@pytest.mark.parametrize(
    ("path", "sha256"),
    [("/a", A), ("../a", A), ("SHA256SUMS", A), ("a\nb", A), ("a", "x"), ("a", A.upper()), ("\ud800", A), ("", A)],
)
def test_nothing_is_written_that_could_not_be_read(path: str, sha256: str) -> None:
    with pytest.raises(ValueError, match=r"no digest|cannot be"):
        make_manifest([SealedFile(path=path, sha256=sha256)])


def test_a_file_is_listed_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        make_manifest([SealedFile(path="a", sha256=A), SealedFile(path="a", sha256=B)])
    with pytest.raises(ValueError, match="never empty"):
        make_manifest([])


def test_the_first_day_has_no_day_before() -> None:
    assert parse_manifest(line("LEAVES")) == Manifest(files=(SealedFile(path="LEAVES", sha256=A),))
