"""Starting and stopping those who hold the head of a log.

Input: a lab's folder, the log's public key. Output: processes recorded on disk, and lines for murenger.yml.
"""

import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable

from murenger.lab import processes
from murenger.lab.anchors.authority import Authority
from murenger.lab.failure import LabError
from murenger.lab.files import read_json, write_private

FOLDER = "anchors"
READY_TIMEOUT_S = 20.0
_WITNESS_NAME = "witness.lab.example.net"
_POLL_S = 0.02
_PUBLIC, _URL = "witness.vkey", "url"
_MOST_BYTES = 1 << 20
_ADDRESS = "127.0.0.1"
_PROGRAM = (sys.executable, "-P", "-m", "murenger.cli.main")
_LISTENS = re.compile(r" port ([0-9]+)$", re.MULTILINE)


def up(lab_dir: pathlib.Path, log_key: str) -> str:
    """Start a witness that knows this log, and a time-stamping authority; make a repository that only goes forward.

    Args:
        lab_dir: the lab's folder.
        log_key: the log's public key, a C2SP vkey.

    Returns:
        The section `anchors` for murenger.yml.

    Raises:
        LabError: they run already, or one does not begin to listen.
    """
    folder = lab_dir.resolve() / FOLDER
    if folder.exists():
        raise LabError("the anchors are up already", hint="run `murenger lab down` first")
    try:
        sinks = (
            _witness(folder / "witness", log_key),
            _authority(folder / "tsa"),
            _repository(folder / "evidence.git"),
        )
    except BaseException:
        down(lab_dir)
        raise
    # JSON is YAML: whatever a path holds, it is quoted as it must be.
    lines = "".join(f"    - {json.dumps(sink)}\n" for sink in sinks)
    return f"anchors:\n  policy: before_change\n  sinks:\n{lines}"


def checkpoint(lab_dir: pathlib.Path, origin: str) -> str:
    """Return the newest checkpoint of a log, as the witness gives it to anybody who asks.

    Args:
        lab_dir: the lab's folder.
        origin: name of the log.

    Raises:
        LabError: there is no witness here, or it knows no such log.
    """
    place = hashlib.sha256(origin.encode("utf-8")).hexdigest()
    try:
        url = (lab_dir.resolve() / FOLDER / "witness" / _URL).read_text(encoding="ascii")
        with urllib.request.urlopen(f"{url}{place}/checkpoint", timeout=READY_TIMEOUT_S) as answer:  # noqa: S310 - our own http address
            content: bytes = answer.read(_MOST_BYTES)
    except FileNotFoundError as exc:
        raise LabError("no anchors are up", hint="run `murenger lab anchors VKEY` first") from exc
    except OSError as exc:
        raise LabError(f"the witness gives no checkpoint of {origin}: {exc}") from exc
    return content.decode("utf-8", "replace")


def down(lab_dir: pathlib.Path) -> bool:
    """Stop both and remove what was made for them; tell whether there was anything.

    Raises:
        LabError: a process does not end.
    """
    folder = lab_dir.resolve() / FOLDER
    if not folder.exists():
        return False
    for name in ("witness", "tsa"):
        record = processes.load_record(folder / name / "process.json")
        if record is not None:
            processes.stop(record)
    shutil.rmtree(folder)
    return True


def _authority(folder: pathlib.Path) -> dict[str, str]:
    """Start the time-stamping authority and return it as a sink of murenger.yml."""
    authority = Authority(folder)
    authority.prepare()
    ready = folder / "ready.json"
    record = _start(folder, (sys.executable, "-P", "-m", "murenger.lab.anchors", str(folder)))
    _wait(record, folder, ready.exists)
    url = f"http://{_ADDRESS}:{read_json(ready)['port']}/"
    return {"name": "tsa", "type": "rfc3161", "url": url, "roots": str(authority.root)}


def _repository(folder: pathlib.Path) -> dict[str, str]:
    """Make a git repository that refuses to forget, and return it as a sink of murenger.yml."""
    settings = ("-c", "core.hooksPath=/dev/null", "-c", "init.templateDir=")
    for words in (
        ("init", "--quiet", "--bare", str(folder)),
        ("-C", str(folder), "config", "receive.denyNonFastForwards", "true"),
        ("-C", str(folder), "config", "receive.denyDeletes", "true"),
    ):
        try:
            subprocess.run(["git", *settings, *words], stdin=subprocess.DEVNULL, capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError) as exc:
            raise LabError(f"git cannot make {folder}", hint="is git installed?") from exc
    return {"name": "evidence", "type": "git", "repository": str(folder), "branch": "anchors"}


def _witness(folder: pathlib.Path, log_key: str) -> dict[str, str]:
    """Start the witness and return it as a sink of murenger.yml."""
    folder.mkdir(mode=0o700, parents=True)
    key, state = str(folder / "witness.key"), str(folder / "state")
    public = _murenger("witness", "key", "--key", key, "--name", _WITNESS_NAME)
    _murenger("witness", "init", "--key", key, "--state", state)
    serve = ("witness", "serve", "--key", key, "--state", state, "--log", log_key, "--listen", f"{_ADDRESS}:0")
    record = _start(folder, (*_PROGRAM, *serve))
    found: list[str] = []

    def listens() -> bool:
        found[:] = _LISTENS.findall((folder / "log").read_text(encoding="utf-8", errors="replace"))
        return bool(found)

    _wait(record, folder, listens)
    url = f"http://{_ADDRESS}:{found[0]}/"
    write_private(folder / _PUBLIC, public)
    write_private(folder / _URL, url)
    return {"name": "witness", "type": "witness", "url": url, "key": public.strip()}


def _murenger(*words: str) -> str:
    done = subprocess.run(
        [*_PROGRAM, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=READY_TIMEOUT_S,
        encoding="utf-8",
    )
    if done.returncode != 0:
        raise LabError(f"murenger {' '.join(words[:2])}: {done.stderr.strip()}")
    return done.stdout


def _start(folder: pathlib.Path, argv: tuple[str, ...]) -> processes.ProcessRecord:
    return processes.start_detached(argv, record_path=folder / "process.json", log_path=folder / "log", folder=folder)


def _wait(record: processes.ProcessRecord, folder: pathlib.Path, is_ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    while not is_ready():
        if not processes.is_running(record) or time.monotonic() > deadline:
            raise LabError(f"the {folder.name} did not begin to listen", hint=f"see {folder / 'log'}")
        time.sleep(_POLL_S)
