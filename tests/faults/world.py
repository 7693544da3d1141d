"""One device with a wire that can break and a real site in front of it: everything that a scenario is played on.

Input: a running lab of one device. Output: a `World` that returns to its first state, opens runners, and tells what is
true by the lab's own door.
"""

import contextlib
import dataclasses
import functools
import json
import os
import pathlib
import re
import shutil
from collections.abc import Iterator
from typing import Any

from tests.contracts.devices.benches import FORMS, Bench, bench_of
from tests.contracts.devices.sites import Workplace, workplace
from tests.faults.clock import LabTime, RealTime
from tests.faults.proxy import Proxy
from tests.faults.sink import Sink
from tests.faults.storage import Storage, small_disk
from tests.faults.story import Note, Story
from tests.faults.taps import Moments
from tests.faults.thrift import QuickAssessor, QuickInventory, QuickParts, QuickSigner, Shared
from tests.faults.truth import Witness

from murenger.adapters.ansible.launch import PlaybookRun
from murenger.adapters.files.private import write_private
from murenger.adapters.sqlite.index import FILE as INDEX
from murenger.config import Settings, load
from murenger.config.settings import AnchorPolicy, AnchorSettings, GitSinkSettings
from murenger.lab import site as lab
from murenger.lab.blueprints import blueprint
from murenger.lab.firewall.console import in_fw
from murenger.model import RecordKind
from murenger.wiring import Site

KEYS = {"fw1": "fw1-userns", "leaf1": "leaf1", "srx1": "srx1"}
REAL = frozenset({"fw1"})
REVERT_S = {"fw1": 6, "leaf1": 60, "srx1": 60}
CALL_S = 20.0
CONNECT_S = 4
STALL_S = {"fw1": 4.5}
_LIES, _STATE = "/run/fault-lab", "/run/murenger-nft"
_TELLING = frozenset({"outcome", "intent"})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class InThisProcess:
    """What the remediation playbook does, without the play: another runner carries the plan out.

    Attributes:
        world: where.
    """

    world: "World"

    def run(self, playbook: str, *, device: str, variables: dict[str, str]) -> PlaybookRun:
        """Carry out a plan."""
        del playbook
        self.world.moments.fire("play.begins")
        site = self.world.open()
        (found,) = site.devices((device,))
        site.remediate(found, variables["murenger_plan"])
        return PlaybookRun(status="successful", return_code=0, messages=(), stdout="")


class World:
    """One device, its site, and the wire between them.

    Args:
        bench: the device.
        place: its site, on a small disk.
        proxy: the wire.
        clock: the runner's clock.
        storage: that disk.

    Attributes:
        moments: told what each runner does.
        story: what really happened.
        witness: tells what is true of the device.
        sink: holds the head of the log, in the scenarios that have one.
        pid: the process that plays the scenarios; runners that may die are its children.
        golden: digest of golden policy.
        lies: names of the lies that the device may be told to tell in this scenario.
    """

    def __init__(self, bench: Bench, place: Workplace, proxy: Proxy, clock: LabTime, storage: Storage) -> None:
        self.bench = bench
        self.place = place
        self.proxy = proxy
        self.clock = clock
        self.storage = storage
        self.pid = os.getpid()
        self.moments = Moments()
        self.lies: set[str] = set()
        self._told_before: dict[str, int] = {}
        outside = bench.lab_dir.parent / "outside"
        outside.mkdir()
        self.story = Story(outside / "story.jsonl")
        self.sink = Sink()
        self._plain: Settings = load(file=place.folder / "murenger.yml")
        self.settings = self._plain
        inventory = QuickInventory(self._plain.inventory, self._plain.vault_password_file)
        signer = QuickSigner(self._plain.runner.id, self._plain.runner.key)
        self._shared = Shared(inventory=inventory, signer=signer, assessor=QuickAssessor())
        (self.device,) = inventory.devices((bench.name,))
        self.reviewer = QuickSigner("alice@example.net", place.key)
        self._template = outside
        for name in ("store", "state"):
            shutil.copytree(place.folder / name, self._template / name, symlinks=True)
        site = self.open()
        golden, secrets = site.desk.golden(self.device)
        self.golden: str = golden.snapshot.digest
        self.witness = Witness(bench=bench, device=self.device, fingerprinter=site.desk.fingerprinter(golden.revision))
        logins = (login.password for login in bench.description.logins)
        self.canaries = tuple(value.encode() for value in (*logins, *secrets.values()) if value)
        for kind in RecordKind:
            self.moments.always(f"recorded.{kind.value}", functools.partial(self._recorded, kind.value))

    @property
    def store(self) -> pathlib.Path:
        """Where records lie."""
        return self._plain.store.path

    @property
    def state(self) -> pathlib.Path:
        """Where leases, plans and approvals lie."""
        return self._plain.runner.state

    @property
    def index(self) -> pathlib.Path:
        """The index over the records."""
        return self.store / self._plain.store.origin / INDEX

    def reset(self, *, anchored: bool = False) -> None:
        """Return device, site and clock to where they began."""
        self.moments.reset()
        self.storage.mend_all(self.state, self.store)
        self.proxy.arm()
        self.be_honest()
        self.lies.clear()
        self.bench.reset()
        self.clock.reset()
        self.sink.reach(is_up=True)
        self.story.reset()
        for path in (self.store, self.state):
            shutil.rmtree(path, ignore_errors=True)
            shutil.copytree(self._template / path.name, path, symlinks=True)
        sinks = (GitSinkSettings(name=self.sink.name, repository="/nowhere", branch="anchors"),)
        anchors = AnchorSettings(policy=AnchorPolicy.BEFORE_CHANGE, timeout_s=5, sinks=sinks)
        self.settings = dataclasses.replace(self._plain, anchors=anchors) if anchored else self._plain

    def open(self) -> Site:
        """Start a runner."""
        parts = QuickParts(self.settings, clock=self.clock, moments=self.moments, shared=self._shared)
        if self.settings.anchors.sinks:
            parts.__dict__["sinks"] = (self.sink,)
        launcher: Any = InThisProcess(world=self)
        parts.__dict__["launcher"] = launcher
        site = Site(parts)
        site.healing.at = self.moments.step
        return site

    def approve(self, site: Site, plan_sha256: str) -> None:
        """Have the reviewer approve a plan, as `murenger approve` does."""
        content = site.parts.plans.load(plan_sha256)
        target = site.parts.approvals.path_for_plan(plan_sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_private(target, content)
        signature = self.reviewer.sign(content, namespace="change-approval@murenger")
        write_private(target.with_name(target.name + ".sig"), signature.encode("ascii"))

    def lie(self, kind: str, value: object) -> None:
        """Let the device lie from now on; None for the value: no more."""
        if self.bench.name in REAL:
            self._lie_in_real_time(kind, value)
        else:
            self.bench.fault(kind, value)

    def be_honest(self) -> None:
        """Let the device tell the truth again, and note which lies it told."""
        if self.bench.name not in REAL:
            told = dict(self.witness.truth().struck)
            for name in sorted(name for name in told if told[name] > self._told_before.get(name, 0)):
                self.story.tell(Note(what="struck", name=name))
            self._told_before = told
            for name in self.lies:
                self.bench.fault(name, None)
            return
        said = self.shell(f"cat {_LIES}/struck 2>/dev/null; rm -rf {_LIES} /usr/local/sbin/nft")
        for name in sorted(set(said.split())):
            self.story.tell(Note(what="struck", name=name))

    def _lie_in_real_time(self, kind: str, value: object) -> None:
        if value is None:
            self.shell("rm -f /usr/local/sbin/nft")
            return
        script = pathlib.Path(__file__).with_name("firewall_lies.sh").read_text(encoding="utf-8")
        self.shell(
            f"mkdir -p {_LIES}; echo {kind} >{_LIES}/kind; echo {value} >{_LIES}/value; "
            f"cat >/usr/local/sbin/nft <<'END'\n{script}END\nchmod 755 /usr/local/sbin/nft"
        )

    def fire_timer(self) -> None:
        """Let the firewall's timer fire now, as if it could not count."""
        done = self.shell(
            f"cd {_STATE} && for file in pending.*; do [ -f $file ] || exit 0; id=${{file#pending.}}; "
            "mv $file fired.$id && nft -f rollback.$id && echo fired; done"
        )
        if "fired" not in done:
            raise ValueError("no timer runs")

    def shell(self, command: str) -> str:
        return in_fw(self.bench.device_dir, ("sh", "-c", command), check=False).stdout

    def _recorded(self, kind: str) -> None:
        if kind in _TELLING:
            found = self.witness.truth()
            self.story.tell(
                Note(
                    what="recorded",
                    name=kind,
                    running=found.running,
                    startup=found.startup,
                    sequence=self.moments.sequence,
                )
            )


def _by_proxy(lab_dir: pathlib.Path, port: int, proxied: int) -> None:
    """Let the inventory lead through the proxy."""
    hosts = lab_dir / "inventory" / "hosts.yml"
    text = hosts.read_text(encoding="utf-8")
    assert f"ansible_port: {port}\n" in text
    hosts.write_text(text.replace(f"ansible_port: {port}\n", f"ansible_port: {proxied}\n"), encoding="utf-8")
    known = lab_dir / "known_hosts"
    if known.exists():
        known.write_text(known.read_text(encoding="utf-8").replace(f":{port} ", f":{proxied} "), encoding="utf-8")


def _hurry(settings: pathlib.Path) -> None:
    """Let a runner in real time wait no longer for a connection than a device on the same machine needs."""
    text = settings.read_text(encoding="utf-8")
    assert "connect_timeout: 5s" in text
    settings.write_text(text.replace("connect_timeout: 5s", f"connect_timeout: {CONNECT_S}s"), encoding="utf-8")


def _age_keys(trust: pathlib.Path) -> None:
    """Let the keys of a site be older than the site, so that a clock that goes back does not make them invalid."""
    for path in trust.rglob("*allowed_signers*"):
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r'valid-after="[^"]*"', 'valid-after="20200101Z"', text), encoding="utf-8")


@contextlib.contextmanager
def device_lab(name: str, lab_dir: pathlib.Path) -> Iterator[pathlib.Path]:
    """Run one lab device in a folder of its own."""
    key, chosen = KEYS[name], (blueprint(name),)
    (found,) = lab.up(lab_dir, chosen, FORMS[key], lambda _: None)
    try:
        assert found.state is lab.State.UP, found.detail
        yield lab_dir
    finally:
        lab.down(lab_dir, chosen, lambda _: None)


@contextlib.contextmanager
def world(name: str, lab_dir: pathlib.Path, folder: pathlib.Path) -> Iterator[World]:
    """Make a site for a running lab device, with a wire between them.

    Args:
        name: `fw1`, `leaf1` or `srx1`.
        lab_dir: the lab's folder.
        folder: where the site goes; absent. This process is in a mount namespace of its own.
    """
    port = int(json.loads((lab_dir / name / "ready.json").read_bytes())["port"])
    bench = bench_of(KEYS[name], lab_dir)
    clock = RealTime() if name in REAL else LabTime(bench.advance)

    def stall() -> None:
        if name not in REAL:
            clock.wait(CALL_S)

    folder.mkdir()
    with small_disk(folder) as storage, Proxy(port, stall=stall, stall_s=STALL_S.get(name, 0.0)) as proxy:
        _by_proxy(lab_dir, port, proxy.port)
        bench.reset()
        place = workplace(bench, folder / "place", revert_in_s=REVERT_S[name])
        _age_keys(place.folder / "trust")
        if name in REAL:
            _hurry(place.folder / "murenger.yml")
        yield World(bench, place, proxy, clock, storage)
