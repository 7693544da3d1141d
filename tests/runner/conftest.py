"""A whole site for the tests of the doors: a real `murenger init` folder and an emulated switch with real TLS.

Input: git, ssh-keygen, the emulator in this process. Output: the fixtures `bench` (one site, fresh for each test) and
`collections` (where ansible-playbook finds the collection).
"""

import contextlib
import dataclasses
import datetime
import hashlib
import io
import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping

import hypothesis
import pytest
from tests.proved import prove

from murenger.cli.main import main
from murenger.lab import control
from murenger.lab.clock import LabClock
from murenger.lab.eos import editor
from murenger.lab.eos.emulator import Emulator
from murenger.lab.eos.sessions import SessionTable
from murenger.lab.material import password, write_certificate
from murenger.wiring import Site, open_site

# How long an example takes says something about the machine, not about the code. The same commit is judged by the
# same examples, so that a failure is the commit's own; MURENGER_EXPLORE=1 draws new ones.
hypothesis.settings.register_profile(
    "murenger", deadline=None, derandomize=os.environ.get("MURENGER_EXPLORE", "") in ("", "0")
)
hypothesis.settings.load_profile("murenger")

ROOT = pathlib.Path(__file__).resolve().parents[2]
ORIGIN = "test.example.net"
ROLES = {"reader": "read", "healer": "heal", "mallory": "other"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def complaints(self) -> list[str]:
        """The lines in which murenger complains."""
        return [line for line in self.err.splitlines() if line.startswith("murenger: ")]

    @property
    def data(self) -> dict[str, object]:
        """The JSON on standard output."""
        loaded = json.loads(self.out)
        assert isinstance(loaded, dict)
        return loaded


@dataclasses.dataclass(slots=True)
class DeviceClock:
    """Port `Clock` whose waiting moves the emulated device's clock and no real time passes."""

    device: LabClock

    def now(self) -> datetime.datetime:
        return self.device.now()

    def monotonic_s(self) -> float:
        return self.device.monotonic_s()

    def wait(self, seconds: float) -> None:
        self.device.advance(seconds)


def ssh_key(path: pathlib.Path) -> pathlib.Path:
    """Make a person's key with ssh-keygen."""
    command = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", str(path))
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return path


def contents(*folders: pathlib.Path) -> dict[str, tuple[int, str]]:
    """Return mode and digest of every file and folder below some folders."""
    found: dict[str, tuple[int, str]] = {}
    for path in (path for folder in folders for path in (folder, *folder.rglob("*"))):
        if path.exists():
            held = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            found[str(path)] = (stat.S_IMODE(path.stat().st_mode), held)
    return found


class Switch:
    """An emulated leaf switch in this process."""

    def __init__(self, folder: pathlib.Path, name: str, certificate: pathlib.Path | None = None) -> None:
        self.name = name
        self.certificate = certificate or folder
        self.passwords = {user: password() for user in ROLES}
        if certificate is None:
            write_certificate(folder, f"{name}.example.net", "127.0.0.1")
        settings = {
            "hostname": name,
            "address": "127.0.0.1",
            "port": 0,
            "users": {user: {"password": self.passwords[user], "role": role} for user, role in ROLES.items()},
            "tls": {
                "certificate": str(self.certificate / "server.pem"),
                "key": str(self.certificate / "server.key"),
            },
            "management_clients": ["127.0.0.0/8"],
        }
        (folder / "device.json").write_text(json.dumps(settings), encoding="utf-8")
        self.clock = LabClock()
        self.emulator = Emulator(folder, clock=self.clock)
        self.emulator.start()
        self._fresh = self.emulator.device.startup_text()

    def reset(self) -> None:
        """Return to the first boot."""
        device = self.emulator.device
        with device.lock:
            device.sessions = SessionTable(editor.load(self._fresh), self.clock)
            if device.startup_text() != self._fresh:
                device.save_startup()
            device.faults = type(device.faults)()
            device.trace.clear()
            self.clock.offset_s = 0.0

    def ask(self, operation: str, **fields: object) -> Mapping[str, object]:
        """Ask the control socket."""
        return control.ask(self.emulator.console, {"op": operation, **fields})

    def type(self, *lines: str) -> None:
        """Type lines at the console, as another administrator."""
        reply = self.ask("cli", user="mallory", lines=list(lines))
        assert not reply["errors"], reply

    def drift(self, scenario: str = "acl-rogue-permit") -> None:
        """Change the switch behind everybody's back."""
        self.ask("scenario", name=scenario)

    def fault(self, name: str, value: object, replies: int | None = None) -> None:
        """Make the switch misbehave."""
        self.ask("fault", name=name, value=value, replies=replies)

    def running(self) -> str:
        """Return the running configuration, past the API."""
        return str(self.ask("config")["text"])

    def users(self) -> set[str]:
        """Return who has used the API."""
        return {entry.user for entry in self.emulator.device.trace if entry.source == "eapi"}

    def variables(self) -> dict[str, object]:
        """Return its inventory variables."""
        return {
            "ansible_host": "127.0.0.1",
            "ansible_port": self.emulator.port,
            "ansible_network_os": "arista.eos.eos",
            "ansible_user": "reader",
            "ansible_password": self.passwords["reader"],
            "murenger_heal_user": "healer",
            "murenger_heal_password": self.passwords["healer"],
            "murenger_ca_file": str(self.certificate / "ca.pem"),
            "murenger_management_source": "127.0.0.1",
            "murenger_management_port": 443,
            "murenger_management_interface": "Management1",
        }


class Bench:
    """One site with one switch, `leaf1`, in sync with golden and under a signed standing change."""

    def __init__(self, folder: pathlib.Path, switch: Switch) -> None:
        self.folder = folder
        self.switch = switch
        self.site = folder / "site"
        self.config = self.site / "murenger.yml"
        self.inventory = folder / "inventory.json"
        self.alice = folder / "alice"
        self.mallory = folder / "mallory"
        self.store = self.site / "store" / ORIGIN

    def make(self) -> None:
        """Make the site with the commands that its owner would use."""
        for key in (self.alice, self.mallory):
            ssh_key(key)
        self.devices({"leaf1": self.switch.variables()})
        site = ("--origin", ORIGIN, "--inventory", "../inventory.json", "--heal", "leaf1", "--revert-in", "60")
        assert self.run("init", str(self.site), *site).code == 0
        roles = ("--role", "approver", "--role", "reviewer")
        assert self.cli("keys", "trust", "alice@example.net", f"{self.alice}.pub", *roles).code == 0
        assert self.approve(self.site / "decisions" / "standing-change.json").code == 0
        done = self.accept("leaf1")
        assert done.code == 0, done.err
        site = self.open()
        prove(site, *site.devices(("leaf1",)))

    def run(self, *argv: str) -> Ran:
        """Run the command line in this process."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = main(argv)
            except SystemExit as exc:
                code = int(exc.code or 0)
        return Ran(code=code, out=out.getvalue(), err=err.getvalue())

    def cli(self, *argv: str) -> Ran:
        """Run a verb on this site."""
        end = argv.index("--") if "--" in argv else len(argv)
        return self.run(*argv[:end], "--config", str(self.config), *argv[end:])

    def start(self, *argv: str, **options: object) -> "subprocess.Popen[str]":
        """Start a verb on this site as a process of its own."""
        command = [sys.executable, "-m", "murenger.cli.main", *argv, "--config", str(self.config)]
        usual = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": self.folder}
        return subprocess.Popen(command, **{**usual, **options})  # type: ignore[call-overload,no-any-return]  # its own options

    def approve(self, decision: pathlib.Path | str, key: pathlib.Path | None = None) -> Ran:
        """Sign a decision as alice, or with another key."""
        return self.cli("approve", str(decision), "--key", str(key or self.alice), "--yes")

    def sanction(self) -> None:
        """Have alice approve the very plan that undoes the drift of leaf1: its effect on traffic is not proven."""
        plan = self.cli("plan", "leaf1", "-o", "json").data
        assert plan["awaits_approval"] is True, plan
        assert self.approve(str(plan["plan_sha256"])).code == 0

    def accept(self, *devices: str, key: pathlib.Path | None = None) -> Ran:
        """Accept what devices run as golden policy."""
        return self.cli("golden", "accept", *devices, "--key", str(key or self.alice))

    def devices(self, variables: Mapping[str, Mapping[str, object]]) -> None:
        """Write the inventory."""
        self.inventory.write_text(json.dumps({"all": {"hosts": variables}}), encoding="utf-8")

    def vary(self, **variables: object) -> None:
        """Change inventory variables of leaf1."""
        self.devices({"leaf1": {**self.switch.variables(), **variables}})

    def edit(self, old: str, new: str) -> None:
        """Replace a text of murenger.yml."""
        text = self.config.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in murenger.yml"
        self.config.write_text(text.replace(old, new), encoding="utf-8")

    def open(self) -> Site:
        """Open the site in this process, by a clock whose waiting costs no time."""
        return open_site(file=self.config, clock=DeviceClock(self.switch.clock))

    def records(self, kind: str = "") -> list[dict[str, object]]:
        """Return the predicates in the ledger, oldest first, read without our reader."""
        paths = sorted(self.store.glob("days/*/records/*.json"), key=lambda path: path.name)
        found = [json.loads(path.read_bytes())["predicate"] for path in paths]
        return [predicate for predicate in found if kind in ("", predicate["kind"])]

    def held(self) -> dict[str, tuple[int, str]]:
        """Return what ledger and golden repository hold; what stands in the lock is for the next writer alone."""
        found = contents(self.site / "store", self.site / "golden")
        return {path: what for path, what in found.items() if not path.endswith("/LOCK")}

    def everything(self) -> dict[str, tuple[int, str]]:
        """Return what the whole site holds."""
        return contents(self.site)

    def git(self, *arguments: str, **environment: str) -> str:
        """Run git in the golden repository, as a person with commit rights and no key of ours."""
        who = {"GIT_AUTHOR_NAME": "x", "GIT_AUTHOR_EMAIL": "x@example.net"}
        who |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in who.items()}
        settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PATH": os.environ["PATH"]}
        done = subprocess.run(
            ("git", "-C", str(self.site / "golden"), *arguments),
            env={**settings, **who, **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Make one site; its path never changes, for records name the golden repository."""
    device = pathlib.Path(tempfile.mkdtemp(prefix="leaf"))
    switch = Switch(device, "leaf1")
    bench = Bench(tmp_path_factory.mktemp("bench"), switch)
    try:
        bench.make()
        shutil.copytree(bench.site, bench.folder / "template", symlinks=True)
        yield bench
    finally:
        switch.emulator.stop()
        shutil.rmtree(device)


@pytest.fixture
def bench(_template: Bench) -> Bench:
    """Give a site in sync with golden, under a signed standing change, and its switch as at first boot."""
    shutil.rmtree(_template.site)
    shutil.copytree(_template.folder / "template", _template.site, symlinks=True)
    _template.switch.reset()
    _template.vary()
    return _template


@pytest.fixture
def another_switch() -> Iterator[Callable[..., Switch]]:
    """Give a function that starts one more switch."""
    started: list[tuple[Switch, pathlib.Path]] = []

    def start(name: str, certificate: pathlib.Path | None = None) -> Switch:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="leaf"))
        switch = Switch(folder, name, certificate)
        started.append((switch, folder))
        return switch

    yield start
    for switch, folder in started:
        switch.emulator.stop()
        shutil.rmtree(folder)


@pytest.fixture
def collections(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ansible-playbook find this very collection, whatever is installed."""
    namespace = tmp_path / "collections" / "ansible_collections" / "murenger"
    namespace.mkdir(parents=True)
    (namespace / "drift").symlink_to(ROOT)
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(tmp_path / "collections"))
