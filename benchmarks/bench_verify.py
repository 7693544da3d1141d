"""What `murenger verify` costs beside the least that it could cost: every Ed25519 check, and SHA-256 of the bytes.

Input: `--records N` (20,000 if not given; the figure in PERFORMANCE is for 1,000,000), `--jobs N` (as many as there are
processors to use), `--folder DIR` (a new folder under the system's temporary one; a million records need about 9 GB).
Output: CPU of the whole verification, every process of it, as a multiple of the bare checks made in the same run; peak
resident memory of all its processes together; where the CPU of one record goes.
"""

import argparse
import base64
import contextlib
import datetime
import hashlib
import itertools
import os
import pathlib
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from murenger.adapters.keys.trust_folder import read_trust
from murenger.model import parse_canonical
from murenger.model.digest import digest_of
from murenger.record.executor import Executor, LogTerms, Population, Trigger
from murenger.record.log_drafts import genesis_draft, heartbeat_draft, recovery_draft
from murenger.record.predicate import RECORD_NAMESPACE
from murenger.record.seal import SealedFile, make_manifest
from murenger.record.statement import Draft, statement_bytes
from murenger.record.verify.contract import check_contract
from murenger.record.verify.examined import Examined, examine
from murenger.record.verify.scan import Scan, scan_log

ORIGIN = "bench.example.net"
PRINCIPAL = "runner@bench.example.net"
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
# One heartbeat every half minute.
RECORDS_A_DAY = 2880
INTERVAL = datetime.timedelta(seconds=30)
SAMPLE = 4000


def field(data: bytes) -> bytes:
    """Return a field in SSH wire form."""
    return len(data).to_bytes(4, "big") + data


class Signer:
    """An Ed25519 key that signs as ssh-keygen does, without a process for each signature."""

    def __init__(self) -> None:
        """Make a key."""
        self.private = Ed25519PrivateKey.generate()
        self.public: Ed25519PublicKey = self.private.public_key()
        raw = self.public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.blob = field(b"ssh-ed25519") + field(raw)
        hashed = base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")
        self.fingerprint = f"SHA256:{hashed}"

    def signed_bytes(self, content: bytes) -> bytes:
        """Return what the key's signature over some content is really over."""
        hashed = hashlib.sha512(content).digest()
        return b"SSHSIG" + b"".join(map(field, (RECORD_NAMESPACE.encode(), b"", b"sha512", hashed)))

    def sign(self, content: bytes) -> bytes:
        """Return an armoured signature."""
        inner = field(b"ssh-ed25519") + field(self.private.sign(self.signed_bytes(content)))
        head = b"SSHSIG" + (1).to_bytes(4, "big")
        blob = head + b"".join(map(field, (self.blob, RECORD_NAMESPACE.encode(), b"", b"sha512", inner)))
        text = base64.b64encode(blob).decode()
        lines = [text[start : start + 70] for start in range(0, len(text), 70)]
        return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]).encode()


def drafts() -> Iterator[Draft]:
    """Yield what the records say: a start, then heartbeats, and now and then something that went wrong."""
    inventory = digest_of("inventory")
    trust = (("allowed_signers", digest_of("trust")),)
    yield genesis_draft(LogTerms(trust=trust, heartbeat_s=int(INTERVAL.total_seconds())), ORIGIN)
    for number in itertools.count(1):
        if number % 50 == 0:
            yield recovery_draft(
                cause="crash", affected=f"tmp/{number}", sha256="0" * 64, found="a file", action="quarantined"
            )
            continue
        unreachable = tuple(f"fw{place}" for place in range(number % 4))
        yield heartbeat_draft(
            Population(
                inventory=inventory, expected=80, seen=80 - number % 4, unreachable=unreachable, drifted=0, backlog=0
            )
        )


def make_log(folder: pathlib.Path, count: int, signer: Signer) -> None:
    """Write a sound log of so many records, every finished day sealed."""
    executor = Executor(
        runner_id=PRINCIPAL,
        host="bench",
        run_id="0" * 16,
        key_fingerprint=signer.fingerprint,
        trigger=Trigger.SCHEDULE,
        tools=(("runner", "0.1.0"), ("napalm", "5.2.0"), ("ansible_core", "2.19.4")),
    )
    previous, source, before = "0" * 64, drafts(), ""
    for start in range(0, count, RECORDS_A_DAY):
        day = folder / "days" / f"{START + start // RECORDS_A_DAY * datetime.timedelta(days=1):%Y-%m-%d}"
        (day / "records").mkdir(parents=True)
        leaves, files = [], []
        for number in range(start, min(start + RECORDS_A_DAY, count)):
            content = statement_bytes(
                next(source),
                origin=ORIGIN,
                sequence=number,
                previous_sha256=previous,
                written_at=START + number * INTERVAL,
                executor=executor,
            )
            signature, previous = signer.sign(content), hashlib.sha256(content).hexdigest()
            name = f"records/{number:09d}.json"
            (day / name).write_bytes(content)
            (day / f"{name}.sig").write_bytes(signature)
            leaves.append(hashlib.sha256(b"\0" + content).hexdigest() + "\n")
            files += [SealedFile(path=name, sha256=previous)]
            files += [SealedFile(path=f"{name}.sig", sha256=hashlib.sha256(signature).hexdigest())]
        listed = "".join(leaves).encode()
        (day / "LEAVES").write_bytes(listed)
        files.append(SealedFile(path="LEAVES", sha256=hashlib.sha256(listed).hexdigest()))
        if start + RECORDS_A_DAY < count:
            before = seal(day, files, before, signer)


def seal(day: pathlib.Path, files: list[SealedFile], before: str, signer: Signer) -> str:
    """Seal a day; return the line about it in the seal of the next."""
    chain = [SealedFile(path=before.split()[1], sha256=before.split(maxsplit=1)[0])] if before else []
    manifest = make_manifest([*files, *chain])
    (day / "SHA256SUMS").write_bytes(manifest)
    (day / "SHA256SUMS.sig").write_bytes(signer.sign(manifest))
    return f"{hashlib.sha256(manifest).hexdigest()} ../{day.name}/SHA256SUMS"


def bare_us(scan: Scan, signer: Signer) -> float:
    """Return microseconds of CPU for one record's Ed25519 check and SHA-256, from memory."""
    samples = []
    for day in scan.days:
        for number in day.numbers[:: max(1, len(day.numbers) * len(scan.days) // SAMPLE)]:
            record = examine(day, number)
            content = record.content or b""
            body = base64.b64decode("".join((record.signature or "").splitlines()[1:-1]))
            samples.append((content, signer.signed_bytes(content), body[-64:]))
    start = time.process_time()
    for content, signed, signature in samples:
        hashlib.sha256(content).digest()
        signer.public.verify(signature, signed)
    return (time.process_time() - start) / len(samples) * 1e6


def verify(folder: pathlib.Path, trust: pathlib.Path, jobs: int) -> tuple[float, float, float]:
    """Verify in processes of their own; return seconds of CPU and of wall, and the peak of resident MiB."""
    command = [sys.executable, "-m", "murenger.cli.main", "verify", "--store", str(folder), "--trust", str(trust)]
    before, start, peak = cpu_s(), time.monotonic(), 0.0
    with subprocess.Popen([*command, "--jobs", str(jobs)], stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            peak = max(peak, resident_mib(process.pid))
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.2)
        said = process.stdout.read() if process.stdout else ""
    if process.returncode != 3 or "integrity: intact" not in said:
        raise SystemExit(f"the log that was made is not intact:\n{said}")
    return cpu_s() - before, time.monotonic() - start, peak


def cpu_s() -> float:
    """Return the CPU seconds of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def resident_mib(pid: int) -> float:
    """Return the resident memory of a process and all below it; what they share is counted once each."""
    total, waiting = 0, [pid]
    while waiting:
        process = pathlib.Path(f"/proc/{waiting.pop()}")
        with contextlib.suppress(OSError):
            total += int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            for task in (process / "task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
    return total / 2**20


def parts(scan: Scan, trust: pathlib.Path) -> Iterator[tuple[str, float]]:
    """Yield microseconds of CPU that each part of one record's examination takes, over a sample."""
    records = [(day, number) for day in scan.days for number in day.numbers[:200]][:SAMPLE]
    kept: list[Examined] = []

    def timed(part: Callable[[Examined], object]) -> float:
        start = time.process_time()
        for record in kept:
            part(record)
        return (time.process_time() - start) / len(kept) * 1e6

    start = time.process_time()
    kept += [examine(day, number) for day, number in records]
    yield "read, hash, parse", (time.process_time() - start) / len(kept) * 1e6
    yield "  of it: canonical JSON", timed(lambda record: parse_canonical(record.content or b""))
    yield "schema", timed(check_contract)
    verifier = read_trust(trust / "allowed_signers").verifier
    yield (
        "signature",
        timed(
            lambda record: verifier.verify(
                record.content or b"", record.signature or "", namespace=RECORD_NAMESPACE, at=START
            )
        ),
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--folder", type=pathlib.Path)
    args = parser.parse_args()
    print(f"Python {platform.python_version()}, {len(os.sched_getaffinity(0))} processors, {args.records} records")  # noqa: T201 - the figures
    if args.folder is not None:
        args.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="murenger-bench-", dir=args.folder) as name:
        folder, signer = pathlib.Path(name), Signer()
        log, trust = folder / ORIGIN, folder / "trust"
        trust.mkdir()
        public = base64.b64encode(signer.blob).decode()
        line = f'{PRINCIPAL} namespaces="{RECORD_NAMESPACE}" ssh-ed25519 {public}\n'
        (trust / "allowed_signers").write_text(line)
        make_log(log, args.records, signer)
        scan = scan_log(log)
        before = bare_us(scan, signer)
        cpu, wall, peak = verify(log, trust, args.jobs)
        bare = (before + bare_us(scan, signer)) / 2
        spent = cpu / args.records * 1e6
        print(f"bare Ed25519 and SHA-256   {bare:8.1f} us CPU a record")  # noqa: T201 - the figures
        print(f"murenger verify            {spent:8.1f} us CPU a record, {spent / bare:.2f} times as much")  # noqa: T201 - the figures
        print(f"  {args.jobs} job(s), {wall:.1f} s, {args.records / wall:.0f} records/s, peak {peak:.0f} MiB resident")  # noqa: T201 - the figures
        for what, microseconds in parts(scan, trust):
            print(f"  {what:<24} {microseconds:8.1f} us CPU a record")  # noqa: T201 - the figures


if __name__ == "__main__":
    main()
