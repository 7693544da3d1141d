"""The lab's anchors are real: openssl checks the stamps, the witness answers, git refuses to forget."""

import hashlib
import pathlib
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
import ruamel.yaml

from murenger.lab import anchors
from murenger.lab.__main__ import main
from murenger.lab.anchors.authority import Authority
from murenger.lab.failure import LabError
from murenger.lab.processes import is_running, load_record
from murenger.record.tree.checkpoint import Checkpoint, sign_checkpoint
from murenger.record.tree.note import SignatureType, make_key

ORIGIN = "demo.lab.example.net"
KEY = make_key(ORIGIN, SignatureType.ED25519)


@pytest.fixture(scope="module")
def lab_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pathlib.Path]:
    """Give a lab's folder in which the anchors are up."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "settings").write_text(anchors.up(folder, KEY.verifier.vkey), encoding="utf-8")
    yield folder
    anchors.down(folder)


def sinks(lab_dir: pathlib.Path) -> dict[str, dict[str, str]]:
    read = ruamel.yaml.YAML(typ="safe").load((lab_dir / "settings").read_text(encoding="utf-8"))
    assert read["anchors"]["policy"] == "before_change"
    return {sink["type"]: sink for sink in read["anchors"]["sinks"]}


def posted(url: str, content: bytes, kind: str) -> bytes:
    request = urllib.request.Request(url, data=content, headers={"Content-Type": kind})  # noqa: S310 - the lab's own
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - as above
        read: bytes = answer.read()
    return read


def openssl(*words: str, folder: pathlib.Path) -> int:
    return subprocess.run(("openssl", *words), cwd=folder, capture_output=True, check=False).returncode


def test_openssl_accepts_the_stamps_and_only_for_what_was_stamped(
    lab_dir: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    sink = sinks(lab_dir)["rfc3161"]
    (tmp_path / "data").write_bytes(b"a record")
    (tmp_path / "other").write_bytes(b"another")
    assert openssl("ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "query", folder=tmp_path) == 0
    reply = posted(sink["url"], (tmp_path / "query").read_bytes(), "application/timestamp-query")
    (tmp_path / "reply").write_bytes(reply)
    verify = ("ts", "-verify", "-in", "reply", "-CAfile", sink["roots"])
    assert openssl(*verify, "-data", "data", folder=tmp_path) == 0
    assert openssl(*verify, "-data", "other", folder=tmp_path) != 0
    with pytest.raises(urllib.error.HTTPError):
        posted(sink["url"], b"x", "text/plain")


def test_the_witness_cosigns_and_tells_the_checkpoint_to_anybody(lab_dir: pathlib.Path) -> None:
    with pytest.raises(LabError, match="no checkpoint"):
        anchors.checkpoint(lab_dir, "nobody.example.net")
    signed = sign_checkpoint(Checkpoint(origin=ORIGIN, size=1, root=hashlib.sha256(b"\0x").digest()), KEY)
    posted(sinks(lab_dir)["witness"]["url"] + "add-checkpoint", f"old 0\n\n{signed}".encode(), "text/plain")
    held = anchors.checkpoint(lab_dir, ORIGIN)
    assert held.startswith(signed)
    assert "\u2014 witness.lab.example.net " in held


def test_git_refuses_to_forget(lab_dir: pathlib.Path) -> None:
    repository = sinks(lab_dir)["git"]["repository"]
    for name in ("receive.denyNonFastForwards", "receive.denyDeletes"):
        read = subprocess.run(("git", "-C", repository, "config", name), capture_output=True, text=True, check=True)
        assert read.stdout == "true\n"


def test_they_are_up_once(lab_dir: pathlib.Path) -> None:
    with pytest.raises(LabError, match="up already"):
        anchors.up(lab_dir, KEY.verifier.vkey)


def test_a_key_that_is_none_leaves_nothing_behind(tmp_path: pathlib.Path) -> None:
    with pytest.raises(LabError, match="witness did not begin to listen"):
        anchors.up(tmp_path, "no key")
    assert not list(tmp_path.iterdir())
    with pytest.raises(LabError, match="no anchors are up"):
        anchors.checkpoint(tmp_path, ORIGIN)


def test_down_ends_both_processes(tmp_path: pathlib.Path) -> None:
    anchors.up(tmp_path, KEY.verifier.vkey)
    records = [load_record(tmp_path / "anchors" / name / "process.json") for name in ("witness", "tsa")]
    assert all(record is not None and is_running(record) for record in records)
    assert anchors.down(tmp_path)
    assert not any(record is not None and is_running(record) for record in records)
    assert not anchors.down(tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_authority_says_what_openssl_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(LabError, match="openssl ts failed"):
        Authority(tmp_path).answer(b"no query")


def test_the_verbs_say_what_is_missing(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["anchors", "log.vkey", "--dir", str(tmp_path)]) == 2
    assert "is no lab folder" in capsys.readouterr().err
    (tmp_path / "lab.json").write_text("{}")
    assert main(["anchors", str(tmp_path / "log.vkey"), "--dir", str(tmp_path)]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert main(["checkpoint", ORIGIN, "--dir", str(tmp_path)]) == 2
    assert "no anchors are up" in capsys.readouterr().err
