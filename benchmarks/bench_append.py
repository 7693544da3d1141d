"""What a durable append costs beside bare writes of the same files with the same syncs.

Input: `--records N` appends (300 if not given), `--folder DIR` for the store: the disk that is measured; a new folder
under the system's temporary one if not given. Output: milliseconds for each, and the ratio that counts.

Both candidates make the same two files a record and the same line in LEAVES, sync the same files and folders in the
same order, and take turns record by record. The signature of the append comes from memory, for signing is no writing;
what `ssh-keygen` takes is printed apart.
"""

import argparse
import contextlib
import hashlib
import os
import pathlib
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

from murenger.adapters.files.ledger import FileLedger
from murenger.adapters.keys import SshSigner, generate_key
from murenger.model import JsonValue, canonical_bytes
from murenger.ports import Signatory
from murenger.record.predicate import BASE, RECORD_NAMESPACE
from murenger.record.store import leaf_hash, record_name

ORIGIN = "bench.example.net"
DAY = "2026-11-22"
WARM_UP = 20


class StubSigner:
    """Port `Signer` that has signed already."""

    def __init__(self, signature: str, identity: Signatory) -> None:
        self._signature = signature
        self._identity = identity

    def identity(self) -> Signatory:
        """Return whose signature it is."""
        return self._identity

    def sign(self, _content: bytes, *, namespace: str) -> str:
        """Return the one signature."""
        del namespace
        return self._signature


def statement(sequence: int, previous: str) -> bytes:
    """Return the bytes of a heartbeat of the usual size."""
    said: dict[str, JsonValue] = {
        "origin": ORIGIN,
        "seq": sequence,
        "prev_record_sha256": previous,
        "kind": "heartbeat",
        "written_at": f"{DAY}T00:00:00.000Z",
        "event": {"type": "heartbeat", "result": "success", "origination": "bench", "object": "inventory"},
        "note": "x" * 1600,
    }
    return canonical_bytes({"predicateType": f"{BASE}/heartbeat/v1", "predicate": said})


class BareWrites:
    """The same files with the same syncs, and nothing else: no temporary names, no lock, no check.

    Args:
        folder: where; the day is made in it.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self._leaves = folder / "days" / DAY / "LEAVES"
        self._records = folder / "days" / DAY / "records"
        self._records.mkdir(parents=True)
        self._sequence = -1
        self._previous = "0" * 64

    def write(self, signature: bytes) -> None:
        """Write one record."""
        self._sequence += 1
        content = statement(self._sequence, self._previous)
        name = record_name(self._sequence)
        self._file(self._records / f"{name}.sig", signature, os.O_EXCL)
        self._file(self._records / name, content, os.O_EXCL)
        descriptor = os.open(self._records, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(descriptor)
        os.close(descriptor)
        self._file(self._leaves, leaf_hash(content).encode() + b"\n", os.O_APPEND)
        self._previous = hashlib.sha256(content).hexdigest()

    @staticmethod
    def _file(path: pathlib.Path, content: bytes, how: int) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o640)
        os.write(descriptor, content)
        os.fsync(descriptor)
        os.close(descriptor)


@contextlib.contextmanager
def counted_syncs() -> Iterator[list[int]]:
    """Return a context in which the number of syncs is counted, for both candidates alike."""
    count = [0]
    real = os.fsync

    def sync(descriptor: int) -> None:
        count[0] += 1
        real(descriptor)

    setattr(os, "fsync", sync)  # noqa: B010 - its declared type admits no stand-in
    try:
        yield count
    finally:
        setattr(os, "fsync", real)  # noqa: B010 - as above


def timed(call: Callable[[], object]) -> float:
    """Return how many milliseconds a call takes."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def told(name: str, times: list[float]) -> str:
    """Return one line of figures."""
    ordered = sorted(times)
    late = ordered[int(len(ordered) * 0.99) - 1]
    return f"  {name:<28} {statistics.median(times):7.3f} ms   least {ordered[0]:7.3f}   99 of 100 within {late:7.3f}"


def compare(place: pathlib.Path, records: int) -> None:
    """Print the figures."""
    generate_key(place / "runner", "runner")
    signer = SshSigner("runner@bench", place / "runner")
    signing = [timed(lambda: signer.sign(statement(0, "0" * 64), namespace=RECORD_NAMESPACE)) for _ in range(20)]
    signature = signer.sign(b"", namespace=RECORD_NAMESPACE)
    ledger = FileLedger(place / "store", origin=ORIGIN, signer=StubSigner(signature, signer.identity()))
    bare, again = BareWrites(place / "bare"), BareWrites(place / "again")
    candidates = {
        "bare writes": lambda: bare.write(signature.encode()),
        "bare writes, once more": lambda: again.write(signature.encode()),
        "append": lambda: ledger.append(statement),
    }
    taken: dict[str, list[float]] = {name: [] for name in candidates}
    syncs = dict.fromkeys(candidates, 0)
    for turn in range(records + WARM_UP):
        # Forwards, then backwards, so that neither always comes after the other's syncs.
        for name in candidates if turn % 2 else reversed(candidates):
            with counted_syncs() as count:
                took = timed(candidates[name])
            if turn >= WARM_UP:
                taken[name].append(took)
                syncs[name] += count[0]
    heads = [max((place / name).rglob("records/*.json")).read_bytes() for name in ("bare", "again", "store")]
    if len(set(heads)) != 1 or len(set(syncs.values())) != 1:
        raise SystemExit(f"the candidates do not do the same: {syncs}")
    say(f"{records} records of {len(heads[0])} bytes, {syncs['append'] // records} syncs each")
    for name, times in taken.items():
        say(told(name, times))
    for name in ("bare writes, once more", "append"):
        ratios = [mine / theirs for mine, theirs in zip(taken[name], taken["bare writes"], strict=True)]
        quarter, middle, late = statistics.quantiles(ratios, n=4)
        total = sum(taken[name]) / sum(taken["bare writes"])
        say(
            f"  {name} / bare writes: median {middle:.2f}, half within {quarter:.2f} to {late:.2f},"
            f" of the sums {total:.2f}"
        )
    say(told("signing with ssh-keygen", signing))


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--records", type=int, default=300)
    arguments.add_argument("--folder", type=pathlib.Path)
    args = arguments.parse_args()
    say(f"python {platform.python_version()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    place = pathlib.Path(tempfile.mkdtemp(prefix="bench-append-", dir=args.folder))
    try:
        compare(place, args.records)
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
