"""Packs of a small world: three days, a heal, a stop of the runner, sealed, with and without a time-stamping authority.

Input: the world of the record tests, ssh-keygen, openssl. Output: fixtures that make packs and run `verify.sh` with the
operator's own tools and nothing else.
"""

import dataclasses
import datetime
import hashlib
import importlib.util
import shutil
import subprocess
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from murenger.adapters.files.pack import PackFolder, copy_days, read_checkpoints, read_leaves
from murenger.model import digest_of
from murenger.record import Population
from murenger.record.evidence.order import PackOrder, PackSource
from murenger.record.evidence.pack import Packed, fill_pack, verifier_script
from murenger.record.evidence.view import PackView, VerificationView
from murenger.record.predicate import RECORD_NAMESPACE

# Everything that verify.sh may use; Python is not among it.
TOOLS = (
    "sh",
    "ssh-keygen",
    "openssl",
    "sha256sum",
    "cat",
    "cut",
    "dirname",
    "find",
    "grep",
    "sed",
    "sort",
    "tr",
    "uniq",
)
FAR = "2099-01-01T00:00:00Z"


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


PEERS = _sibling("peers")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What verify.sh said."""

    code: int
    out: str
    err: str

    @property
    def faults(self) -> list[str]:
        return [line for line in self.out.splitlines() if line.startswith("FAULT ")]


class Bureau:
    """Makes packs of a world, and has them checked."""

    def __init__(self, world: Any, folder: Path, authority: Any) -> None:
        self.world = world
        self.folder = folder
        self.authority = authority
        self.trust = folder / "own trust"
        self.trust.mkdir()
        self.script = folder / "own verify.sh"
        self.script.write_bytes(verifier_script())
        self.bin = folder / "bin"
        self.bin.mkdir()
        for tool in TOOLS:
            found = shutil.which("dash" if tool == "sh" else tool)
            assert found, f"{tool} is not installed"
            (self.bin / tool).symlink_to(found)
        self.write_trust()

    def write_trust(self) -> None:
        """Write the auditor's own copies."""
        (self.trust / "allowed_signers").write_text(self.world.allowed_signers())
        if self.authority is not None:
            shutil.copy(self.authority.roots, self.trust / "tsa-roots.pem")

    def seal(self, *days: str) -> None:
        """Seal some days as the runner does."""
        for day in days:
            stamp = self.authority.stamp if self.authority is not None else None
            assert self.world.ledger.seal(day, stamp=stamp)

    def days(self) -> list[str]:
        return sorted(path.name for path in (self.world.folder / "days").iterdir())

    def order(self, first: str, last: str, **changes: object) -> PackOrder:
        """Return an order with the usual values."""
        usual = PackOrder(
            origin=self.world.folder.name,
            period_from=datetime.date.fromisoformat(first),
            period_to=datetime.date.fromisoformat(last),
            devices=(),
            recipient="the auditor",
            purpose="a test",
            made_at=self.world.clock.at,
            version="0.0.0",
            heartbeat_s=300,
        )
        return dataclasses.replace(usual, **changes)  # type: ignore[arg-type]  # any field of it

    def pack(
        self,
        target: Path,
        first: str = "",
        last: str = "",
        *,
        render: Callable[[PackView], Iterator[tuple[str, bytes]]] | None = None,
        verification: VerificationView | None = None,
        **changes: object,
    ) -> Packed:
        """Make a pack of some days; of all if none are named."""
        days = self.days()
        order = self.order(first or days[0], last or days[-1], **changes)
        trust: list[tuple[str, bytes]] = [("allowed_signers", self.world.allowed_signers().encode())]
        if self.authority is not None:
            trust.append(("tsa-roots.pem", self.authority.roots.read_bytes()))
        with PackFolder(target) as folder:
            copied, carried = copy_days(
                self.world.folder, folder, first=f"{order.period_from}", last=f"{order.period_to}"
            )
            source = PackSource(
                days=copied,
                carried=carried,
                trust=tuple(trust),
                leaves=read_leaves(self.world.folder),
                checkpoints=read_checkpoints(self.world.folder),
                verification=verification or self.intact(order.made_at),
            )
            packed = fill_pack(
                folder.folder,
                order,
                source,
                folder,
                sign=lambda content: str(self.world.runner.sign(content, namespace=RECORD_NAMESPACE)),
                render=render or (lambda _: iter(())),
            )
            folder.finish()
        return packed

    def intact(self, at: datetime.datetime) -> VerificationView:
        """Return the verdict on a sound log."""
        return VerificationView(
            exit_code=3,
            intact=True,
            at=at,
            records=1,
            head_sequence=0,
            head_sha256="0" * 64,
            findings=(),
            limits=("completeness is not proven",),
        )

    def check(
        self, pack: Path, *options: str, trust: Path | None = None, script: Path | None = None, cwd: Path | None = None
    ) -> Checked:
        """Run verify.sh with the stock tools alone."""
        command = [
            str(self.bin / "sh"),
            str(script or self.script),
            "--trust",
            str(trust or self.trust),
            *options,
            str(pack),
        ]
        return self.run(command, cwd=cwd)

    def run(self, command: Sequence[str], *, cwd: Path | None = None, **environment: str) -> Checked:
        """Run a command with the stock tools alone."""
        done = subprocess.run(
            command,
            env={"PATH": str(self.bin), **environment},
            cwd=cwd or self.folder,
            capture_output=True,
            check=False,
        )
        return Checked(code=done.returncode, out=done.stdout.decode("utf-8", "replace"), err=done.stderr.decode())

    def anchor(self, *numbers: int, name: str = "heads") -> Path:
        """Write the heads that somebody else kept."""
        path = self.folder / name
        lines = []
        for number in numbers:
            (record,) = self.world.folder.glob(f"days/*/records/{number:09d}.json")
            lines.append(f"{number} {hashlib.sha256(record.read_bytes()).hexdigest()}\n")
        path.write_text("".join(lines))
        return path

    def reseal_pack(self, pack: Path) -> None:
        """Make the pack's own SHA256SUMS fit what lies there, signed by the runner's key: what its thief can do."""
        sealed = {path.parent for path in pack.glob("days/*/SHA256SUMS") if (path.parent / "records").is_dir()}
        listed = []
        for path in sorted(pack.rglob("*")):
            day = next((parent for parent in path.parents if parent in sealed), None)
            own = path.parent == day and path.name.startswith("SHA256SUMS")
            if path.is_file() and (day is None or own) and path not in (pack / "SHA256SUMS", pack / "SHA256SUMS.sig"):
                listed.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(pack)}\n")
        self._sign(pack, listed)

    def reseal_day(self, day: Path) -> None:
        """Make a day's SHA256SUMS fit, signed by the runner's key, and stamped anew where there is an authority."""
        manifest = day / "SHA256SUMS"
        link = [line for line in manifest.read_text().splitlines(keepends=True) if "  ../" in line]
        if link:
            before = day / link[0].split("  ")[1].strip()
            link = [f"{hashlib.sha256(before.read_bytes()).hexdigest()}  {link[0].split('  ')[1]}"]
        listed = [
            f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(day)}\n"
            for path in sorted(day.rglob("*"))
            if path.is_file() and not path.name.startswith("SHA256SUMS")
        ]
        self._sign(day, [*link, *listed])
        if self.authority is not None:
            rewrite(day / "SHA256SUMS.tsr", self.authority.stamp(manifest.read_bytes()))

    def _sign(self, folder: Path, lines: list[str]) -> None:
        content = "".join(lines).encode()
        rewrite(folder / "SHA256SUMS", content)
        rewrite(folder / "SHA256SUMS.sig", self.world.runner.sign(content, namespace=RECORD_NAMESPACE).encode())


def rewrite(path: Path, content: bytes) -> None:
    """Replace a file, although it is read-only."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def _tell(world: Any) -> None:
    """Write three days that end now: a heal across midnight, a stop, and a day that goes on."""
    now = datetime.datetime.now(datetime.UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    # The middle day is the one that is over for the shortest time, so that its seal is not late.
    world.clock.at = midnight - datetime.timedelta(minutes=9)
    recorder = world.recorder
    approval = world.approval(
        world.decision_file(not_after=FAR), expires_at=datetime.datetime(2099, 1, 1, tzinfo=datetime.UTC)
    )
    world.start()
    recorder.runner_started(digest_of("murenger.yml"), "murenger run")
    recorder.golden_adopted(world.golden(), None)
    found = recorder.drift_found(world.drift(), world.snapshot(), world.golden(), rule_count=3)
    plan = recorder.plan_made(world.plan(), "c" * 64, found)
    recorder.approved(approval, plan_record=plan)
    decision = world.heal_decision(approval)
    read, golden = world.snapshot(), world.golden()
    intent = recorder.intent(world.plan(), "c" * 64, decision, read, golden, drift_record=found, plan_record=plan)
    world.clock.at = midnight + datetime.timedelta(seconds=5)
    world.outcome(intent)
    _heartbeat(world, ())
    world.clock.wait(60)
    _heartbeat(world, ("fw2",))
    recorder.runner_stopped(digest_of("murenger.yml"), "maintenance")
    world.clock.at = midnight + datetime.timedelta(hours=24, seconds=5)
    recorder.runner_started(digest_of("murenger.yml"), "murenger run")
    _heartbeat(world, ())


def _heartbeat(world: Any, unreachable: tuple[str, ...]) -> None:
    seen = 2 - len(unreachable)
    population = Population(
        inventory=digest_of("inventory"), expected=2, seen=seen, unreachable=unreachable, drifted=0, backlog=0
    )
    world.recorder.heartbeat(population)


def _allowed(world: Any) -> Callable[[], str]:
    return lambda: (
        f'{world.runner.principal} namespaces="change-record@murenger" {world.runner.line}\n'
        f'{world.approver.principal} namespaces="change-approval@murenger" {world.approver.line}\n'
    )


def make_bureau(world: Any, folder: Path, *, kind: str, stamped: bool = True) -> Bureau:
    """Return a bureau whose world told its story and sealed its first two days."""
    if kind == "p256":
        keys = folder / "keys"
        keys.mkdir()
        world.runner = PEERS.SshKey(keys / "runner", "runner@fw-site1", "ecdsa-p256")
        world.approver = PEERS.SshKey(keys / "approver", "alice@example", "ecdsa-p256")
        world.ledger._signer = world.runner  # noqa: SLF001 - our own test world
    world.allowed_signers = _allowed(world)
    _tell(world)
    authority = PEERS.Authority(folder / "tsa") if stamped else None
    bureau = Bureau(world, folder, authority)
    bureau.seal(*bureau.days()[:2])
    return bureau


class Packs:
    """One pack of each kind, made once; each test works on a copy."""

    def __init__(self, folder: Path, make_world: Callable[[Path], Any]) -> None:
        self._folder = folder
        self._make_world = make_world
        self._made: dict[str, Bureau] = {}

    def bureau(self, kind: str) -> Bureau:
        """Return the bureau of a kind: ed25519, p256 or unstamped; its log is not to be changed."""
        if kind not in self._made:
            folder = self._folder / kind
            folder.mkdir()
            keys = "p256" if kind == "p256" else "ed25519"
            made = make_bureau(self._make_world(folder), folder, kind=keys, stamped=kind != "unstamped")
            made.pack(folder / "pack")
            self._made[kind] = made
        return self._made[kind]

    def copy(self, kind: str, target: Path) -> Path:
        """Return a copy of the pack of a kind."""
        return Path(shutil.copytree(self.bureau(kind).folder / "pack", target))


_PACKS: list[Packs] = []


@pytest.fixture
def packs(world: Any, tmp_path_factory: pytest.TempPathFactory) -> Packs:
    """Return packs that are made once for all tests."""
    if not _PACKS:
        _PACKS.append(Packs(tmp_path_factory.mktemp("packs"), type(world)))
    return _PACKS[0]


@pytest.fixture
def plain_bureau(world: Any, tmp_path: Path) -> Bureau:
    """Return a bureau of its own, with Ed25519 keys and no time-stamping authority."""
    return make_bureau(world, tmp_path, kind="ed25519", stamped=False)


@pytest.fixture
def authority() -> Any:
    """Return what makes time-stamping authorities."""
    return PEERS.Authority
