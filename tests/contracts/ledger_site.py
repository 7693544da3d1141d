"""A store with real keys, for the contract of the port Ledger.

Input: folders. Output: ledgers, statements to append, and two verdicts on what was appended: that of `verify`, and one
by `sha256sum`, `ssh-keygen` and a few lines that share nothing with the ledger.
"""

import contextlib
import datetime
import errno
import functools
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from murenger.adapters.files.ledger import FileLedger
from murenger.adapters.files.ledger_files import no_step
from murenger.adapters.keys import SshSigner, SshVerifier, fingerprint, generate_key, public_key
from murenger.model import digest_of
from murenger.ports import Signatory
from murenger.record.executor import Executor, LogTerms, Trigger
from murenger.record.log_drafts import genesis_draft, recovery_draft
from murenger.record.statement import statement_bytes
from murenger.record.verify import verify_store

ORIGIN = "fw-site1.example"
NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
RECORD, APPROVAL = "change-record@murenger", "change-approval@murenger"
# A mount namespace of one's own, for root and for everybody else alike.
NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")

Build = Callable[[int, str], bytes]


def make_keys(folder: Path) -> Path:
    """Make the keys of a runner and an approver, and a trust file; return their folder."""
    for name in ("runner", "approver"):
        generate_key(folder / name, name)
    (folder / "allowed_signers").write_text(
        f'runner@site namespaces="{RECORD}" {public_key(folder / "runner")}\n'
        f'alice@site namespaces="{APPROVAL}" {public_key(folder / "approver")}\n'
    )
    return folder


@functools.cache
def _signed(key: Path, content: bytes, namespace: str) -> str:
    return SshSigner("runner@site", key).sign(content, namespace=namespace)


class RememberingSigner:
    """The runner's key, asked once for each content: an Ed25519 signature is the same every time."""

    def __init__(self, key: Path) -> None:
        self._key = key

    def identity(self) -> Signatory:
        return SshSigner("runner@site", self._key).identity()

    def sign(self, content: bytes, *, namespace: str) -> str:
        return _signed(self._key, content, namespace)


class Site:
    """A store, the runner's and an approver's key, and what the trust file says of them."""

    def __init__(self, store: Path, keys: Path) -> None:
        self.store = store
        self.key, self.approver = keys / "runner", keys / "approver"
        self.trust = keys / "allowed_signers"

    @property
    def folder(self) -> Path:
        return self.store / ORIGIN

    def day(self, days: int = 0) -> Path:
        return self.folder / "days" / (NOW + days * DAY).date().isoformat()

    def ledger(self, at_step: Callable[[str], None] = no_step) -> FileLedger:
        return FileLedger(self.store, origin=ORIGIN, signer=RememberingSigner(self.key), at_step=at_step)

    def build(self, at: datetime.datetime = NOW, text: str = "a clock step") -> Build:
        executor = Executor(
            runner_id="runner@site",
            host="mgmt1",
            run_id="run-1",
            key_fingerprint=fingerprint(self.key),
            trigger=Trigger.MANUAL,
        )
        terms = LogTerms(trust=(("allowed_signers", digest_of("x")),))

        def build(sequence: int, previous: str) -> bytes:
            recovery = recovery_draft(cause="test", affected="x", sha256="0" * 64, found=text, action="none")
            draft = genesis_draft(terms, ORIGIN) if sequence == 0 else recovery
            place = {"origin": ORIGIN, "sequence": sequence, "previous_sha256": previous}
            return statement_bytes(draft, **place, written_at=at, executor=executor)  # type: ignore[arg-type]  # three keywords in one

        return build

    def build_on(self, day: int) -> Build:
        return self.build(NOW + day * DAY)

    def fill(self, *days: int) -> None:
        """Append a record on each of these days, counted from the first."""
        ledger = self.ledger()
        for day in days:
            ledger.append(self.build_on(day))

    def faults(self) -> list[str]:
        report = verify_store(self.folder, verifier=SshVerifier(self.trust))
        return [f"{finding.code.value} {finding.file} {finding.text}" for finding in report.logs[0].findings]

    def content(self) -> dict[str, bytes]:
        """Return every file but the lock, by its path from the log's folder; folders end in a slash."""
        paths = (path for path in self.folder.rglob("*") if path.name != "LOCK")
        return {
            f"{path.relative_to(self.folder)}{'/' * path.is_dir()}": b"" if path.is_dir() else path.read_bytes()
            for path in paths
        }

    def unsound(self) -> list[str]:
        """Return what stock tools and a plain walk through the files find wrong."""
        found = [f"{path} is left over" for path in (self.folder / "tmp").iterdir()]
        number, previous, before = 0, "0" * 64, ""
        for day in sorted((self.folder / "days").iterdir()):
            leaves = (day / "LEAVES").read_text().splitlines() if (day / "LEAVES").exists() else []
            sealed, pruned = (day / "SHA256SUMS").exists(), not (day / "records").exists() and bool(leaves)
            found += self._unsealed(day, before, pruned=pruned) if sealed else []
            found += [f"{day} has half a seal"] if not sealed and list(day.glob("SHA256SUMS*")) else []
            if pruned:
                number += len(leaves)
                lines = (day / "SHA256SUMS").read_text().splitlines() if sealed else ["  nothing"]
                previous = next((line[:64] for line in lines if line.endswith(f"/{number - 1:09d}.json")), "")
                leaves = []
            for path in sorted(day.glob("records/*.json")):
                content = path.read_bytes()
                predicate = json.loads(content)["predicate"]
                if (predicate["seq"], predicate["prev_record_sha256"]) != (number, previous):
                    found.append(f"{path} is not record {number} after {previous}")
                if not path.with_name(path.name + ".sig").read_bytes().startswith(b"-----BEGIN SSH SIGNATURE-----\n"):
                    found.append(f"{path} is unsigned")
                if not leaves or leaves.pop(0) != hashlib.sha256(b"\x00" + content).hexdigest():
                    found.append(f"{path} is not in LEAVES")
                number, previous = number + 1, hashlib.sha256(content).hexdigest()
            found += [f"{day} lists {len(leaves)} records too many"] if leaves else []
            before = day.name
        return found

    def _unsealed(self, day: Path, before: str, *, pruned: bool) -> list[str]:
        """Return what is wrong with a day's seal."""
        said = []
        options = ["--ignore-missing"] if pruned else []
        check = ["sha256sum", "-c", "--quiet", "--strict", *options, "SHA256SUMS"]
        done = subprocess.run(check, cwd=day, capture_output=True, text=True, check=False)
        said += [f"{day}: {done.stdout}{done.stderr}"] if done.returncode else []
        listed = {line[66:] for line in (day / "SHA256SUMS").read_text().splitlines()}
        here = {str(path.relative_to(day)) for path in day.rglob("*") if path.is_file()}
        here = {name for name in here if not name.startswith("SHA256SUMS")} | (
            {f"../{before}/SHA256SUMS"} if before else set()
        )
        kept = {
            name for name in listed if not pruned or not name.startswith(("records/", "decisions/", "attachments/"))
        }
        said += [f"{day}: sealed are {sorted(listed)}, there are {sorted(here)}"] if kept != here else []
        verify = ["ssh-keygen", "-Y", "verify", "-f", str(self.trust), "-I", "runner@site", "-n", RECORD]
        command = [*verify, "-s", str(day / "SHA256SUMS.sig")]
        done = subprocess.run(
            command, input=(day / "SHA256SUMS").read_text(), capture_output=True, text=True, check=False
        )
        return said + ([f"{day}: {done.stdout}{done.stderr}"] if done.returncode else [])

    def in_child(self, script: str, *, before: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
        """Run a script in a process of its own, with the same `site`, and this module as `contract`."""
        head = (
            "import importlib.util, pathlib, sys\n"
            f"spec = importlib.util.spec_from_file_location('contract', {__file__!r})\n"
            "contract = importlib.util.module_from_spec(spec); sys.modules['contract'] = contract\n"
            "spec.loader.exec_module(contract)\n"
            f"site = contract.Site(pathlib.Path({str(self.store)!r}), pathlib.Path({str(self.key.parent)!r}))\n"
        )
        return subprocess.run(
            [*before, sys.executable, "-c", head + script], capture_output=True, text=True, timeout=120, check=False
        )


def refusing_at(step: int) -> Callable[[str], None]:
    """Return a hook that refuses the n-th step as a full disk would."""
    left = [step]

    def hook(_name: str) -> None:
        left[0] -= 1
        if left[0] == -1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return hook


def dying_at(step: int) -> Callable[[str], None]:
    """Return a hook that kills the process before its n-th step."""
    left = [step]

    def hook(_name: str) -> None:
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    return hook


def forked(work: Callable[[], object]) -> int:
    """Return the id of a child that does the work and ends, with exit code 1 if the work raises."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return pid


def killed(work: Callable[[], object]) -> bool:
    """Do the work in a child; tell whether it was killed."""
    _, status = os.waitpid(forked(work), 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


@contextlib.contextmanager
def files_up_to(limit_bytes: int) -> Iterator[None]:
    """Let no file of this process grow beyond a length; what is longer is refused with an error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
