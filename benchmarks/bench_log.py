"""What `murenger log` and `murenger show` cost on a large log, from the index.

Input: `--records N` (20,000 if not given), `--folder DIR` for the store (a new folder under the system's temporary one
if not given; a million records need about 5 GB, best in memory: `--folder /dev/shm/bench`).
Output: milliseconds of whole processes and of the calls alone, each beside what the machine needs at the very least: an
interpreter that does nothing, and one that reads the same rows with SQLite and nothing else.
"""

import argparse
import contextlib
import datetime
import hashlib
import json
import os
import pathlib
import platform
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

from murenger.adapters.sqlite import RecordIndex
from murenger.adapters.sqlite.rebuild import rebuild
from murenger.model import JsonValue, canonical_bytes
from murenger.record.coverage import coverage_of
from murenger.record.entry import RecordQuery
from murenger.record.predicate import BASE
from murenger.record.store import leaf_hash, record_name

ORIGIN = "bench.example.net"
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
ROUNDS = 15
# Of a hundred records: heartbeats dominate, as they do on a site.
KINDS = ("heartbeat",) * 88 + ("drift", "plan", "intent", "outcome") * 3
BARE = """
import sqlite3, sys
rows = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True).execute(
    "SELECT seq, kind, device, written_at, title FROM records ORDER BY seq DESC LIMIT 50").fetchall()
for row in reversed(rows):
    print(*row)
"""


def statement(kind: str, device: str) -> bytes:
    """Return a record's bytes with places for number, time and predecessor; about what a real one holds."""
    said: dict[str, JsonValue] = {
        "origin": ORIGIN,
        "seq": 987654321,
        "prev_record_sha256": "PREVIOUS",
        "kind": kind,
        "schema": "1.0",
        "written_at": "WRITTEN",
        "clock": {"source": "system", "synchronised": None, "offset_ms": None},
        "event": {"type": f"{kind}-written", "result": "success", "origination": "bench", "object": device or "log"},
        "executor": {"runner_id": "runner@bench", "host": "bench", "run_id": "0" * 16, "trigger": "schedule"},
        "refs": [],
        "population": {"expected": 100, "seen": 100, "drifted": 0, "backlog": 0},
        "change": {"reason": "drift from the approved policy " * 8, "plan_sha256": "c" * 64},
        "drift": {"ops": [{"op": "added", "path": ["table", "chain"], "after": "tcp dport 5432 accept " * 12}]},
    }
    if device:
        said["device"] = {"name": device, "platform": "nftables"}
    subject: list[JsonValue] = [{"name": device or "log", "digest": {"sha256": "d" * 64}}]
    return canonical_bytes({"_type": "x", "predicateType": f"{BASE}/{kind}/v1", "subject": subject, "predicate": said})


def write_log(folder: pathlib.Path, count: int) -> None:
    """Lay a log down: the files, the names, the chain and the leaves of a year; every signature is one file's name."""
    forms = [statement(kind, "" if kind == "heartbeat" else f"fw{n % 20}") for n, kind in enumerate(KINDS)]
    folder.mkdir(parents=True)
    signature = folder.parent / "signature"
    signature.write_text("-----BEGIN SSH SIGNATURE-----\n" + "A" * 300 + "\n-----END SSH SIGNATURE-----\n")
    previous, step_s = "0" * 64, 365 * 86400 / count
    leaves: list[str] = []
    day = ""
    for number in range(count):
        at = START + datetime.timedelta(seconds=int(number * step_s))
        if f"{at:%Y-%m-%d}" != day:
            if leaves:
                (folder / "days" / day / "LEAVES").write_text("".join(leaves), encoding="ascii")
            day, leaves = f"{at:%Y-%m-%d}", []
            (folder / "days" / day / "records").mkdir(parents=True)
        content = forms[number % len(forms)].replace(b"987654321", b"%d" % number, 1)
        content = content.replace(b"PREVIOUS", previous.encode(), 1)
        content = content.replace(b"WRITTEN", f"{at:%Y-%m-%dT%H:%M:%S.000Z}".encode(), 1)
        path = f"{folder}/days/{day}/records/{record_name(number)}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o440)
        os.write(descriptor, content)
        os.close(descriptor)
        os.link(signature, f"{path}.sig")
        leaves.append(leaf_hash(content) + "\n")
        previous = hashlib.sha256(content).hexdigest()
    (folder / "days" / day / "LEAVES").write_text("".join(leaves), encoding="ascii")


@contextlib.contextmanager
def site(folder: pathlib.Path | None, count: int) -> Iterator[pathlib.Path]:
    """Return a context with a working directory whose log has so many records; it is removed at the end."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    place = pathlib.Path(tempfile.mkdtemp(prefix="bench-log-", dir=folder))
    try:
        # What is installed has its bytecode beside it; a working copy need not.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(place / "bytecode")
        made = place / "site"
        run("init", str(made), "--origin", ORIGIN)
        began = time.perf_counter()
        write_log(made / "store" / ORIGIN, count)
        say(f"{count} records of {len(statement('drift', 'fw1'))} bytes written in {time.perf_counter() - began:.0f} s")
        yield made
    finally:
        shutil.rmtree(place)


def run(*argv: str, cwd: pathlib.Path | None = None) -> str:
    """Run the command as a process of its own and return what it prints."""
    command = [sys.executable, "-m", "murenger.cli.main", *argv]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=cwd).stdout


def processor_s() -> float:
    """Return the processor time that this process and those it waited for have used, which no busy machine changes."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def side_by_side(candidates: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> None:
    """Run candidates in turn and print milliseconds of each: by the clock, and of processor time; and its ratio."""
    taken: dict[str, list[float]] = {name: [] for name in candidates}
    used: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, candidate in candidates.items():
            began, before = time.perf_counter(), processor_s()
            candidate()
            taken[name].append((time.perf_counter() - began) * 1000)
            used[name].append((processor_s() - before) * 1000)
    first = taken[next(iter(candidates))]
    for name, times in taken.items():
        ratio = statistics.median(mine / theirs for mine, theirs in zip(times, first, strict=True))
        say(
            f"  {name:<32} {statistics.median(times):8.2f} ms  least {min(times):8.2f}  most {max(times):8.2f}"
            f"  processor {statistics.median(used[name]):8.2f}  {ratio:6.2f}x"
        )


def check(made: pathlib.Path, index: RecordIndex, count: int) -> None:
    """Make sure that all candidates tell of the same records."""
    wanted = list(range(max(0, count - 50), count))
    with contextlib.closing(sqlite3.connect(index.path)) as connection:
        rows = connection.execute("SELECT seq FROM records ORDER BY seq DESC LIMIT 50").fetchall()
    answers = (
        [entry.sequence for entry in index.entries(RecordQuery(last=50))],
        [int(line.split()[0]) for line in run("log", "--last", "50", cwd=made).splitlines()[1:]],
        [row[0] for row in reversed(rows)],
    )
    shown = json.loads(run("show", str(count // 2), "-o", "json", cwd=made))["number"]
    if any(answer != wanted for answer in answers) or shown != count // 2:
        raise SystemExit("the candidates do not tell of the same records")


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--records", type=int, default=20_000)
    arguments.add_argument("--folder", type=pathlib.Path)
    args = arguments.parse_args()
    say(f"python {platform.python_version()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    with site(args.folder, args.records) as made:
        folder = made / "store" / ORIGIN
        began = time.perf_counter()
        if not rebuild(folder, origin=ORIGIN, progress=lambda _done, _total: None).agrees:
            raise SystemExit("the index does not agree with the files")
        size_mib = (folder / "index.sqlite3").stat().st_size / 2**20
        say(f"index made in {time.perf_counter() - began:.1f} s, {size_mib:.1f} MiB")
        index = RecordIndex(folder, origin=ORIGIN, notice=sys.exit)
        check(made, index, args.records)
        middle = args.records // 2
        say("whole processes:")
        side_by_side(
            {
                "python that does nothing": lambda: subprocess.run([sys.executable, "-c", ""], check=True),
                "python, sqlite3, the same rows": lambda: subprocess.run(
                    [sys.executable, "-c", BARE, str(index.path)], check=True, capture_output=True
                ),
                "murenger log --last 50": lambda: run("log", "--last", "50", cwd=made),
                "murenger log --last 50 --device": lambda: run("log", "--last", "50", "--device", "fw9", cwd=made),
                "murenger log --last 50 --kind": lambda: run("log", "--last", "50", "--kind", "outcome", cwd=made),
                "murenger show": lambda: run("show", str(middle), cwd=made),
            }
        )
        say("calls alone:")
        side_by_side(
            {
                "last 50": lambda: list(index.entries(RecordQuery(last=50))),
                "last 50 of a device": lambda: list(index.entries(RecordQuery(last=50, device="fw9"))),
                "one record and what covers it": lambda: (
                    index.record(middle),
                    coverage_of(folder, middle, index.day_of(middle)),
                ),
            }
        )
        say("the whole list:")
        side_by_side({"every entry": lambda: sum(1 for _ in index.entries(RecordQuery()))}, rounds=1)


if __name__ == "__main__":
    main()
