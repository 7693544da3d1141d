"""A real working directory for one bench: made, trusted and approved with the command line, as a user would.

Input: a bench and a folder. Output: a site whose records, golden repository and state lie in that folder.
"""

import contextlib
import dataclasses
import io
import json
import os
import pathlib
from collections.abc import Iterator
from typing import Any

from tests.contracts.devices.benches import Bench
from tests.proved import prove

from murenger.adapters.keys import generate_key
from murenger.cli.main import main
from murenger.model import Outcome
from murenger.wiring import Site, open_site

ROOT = pathlib.Path(__file__).resolve().parents[3]
COLLECTION = ("galaxy.yml", "meta", "plugins", "roles", "playbooks")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command printed.

    Attributes:
        code: exit code.
        out: standard output.
        err: standard error.
    """

    code: int
    out: str
    err: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """A working directory for one device.

    Attributes:
        bench: the device.
        folder: where murenger.yml lies.
        key: the reviewer's private key.
    """

    bench: Bench
    folder: pathlib.Path
    key: pathlib.Path

    def say(self, *words: str) -> Said:
        """Run a verb of the command line."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words)
        return Said(code=code, out=out.getvalue(), err=err.getvalue())

    def verb(self, *words: str) -> Said:
        """Run a verb on this site."""
        return self.say(*words, "--config", str(self.folder / "murenger.yml"))

    def done(self, *words: str) -> Said:
        """Run a verb on this site that must succeed."""
        said = self.verb(*words)
        assert said.code == 0, said
        return said

    def site(self) -> Site:
        """Open the site, its clock in step with the device's."""
        return open_site(file=self.folder / "murenger.yml", clock=self.bench.clock)

    def heal(self) -> Outcome | None:
        """Plan and carry out, as the remediation action does; a person approves what no standing change covers."""
        site, device = self.site(), self.bench.device
        examination = site.examine(device)
        if examination.drift.in_sync:
            return None
        plan = site.plan(examination)
        if examination.decision.awaits_approval:
            self.approve(plan.sha256)
        return site.remediate(device, plan.sha256)

    def approve(self, sha256: str) -> None:
        """Have the reviewer approve one plan."""
        self.done("approve", sha256, "--key", str(self.key), "--yes")

    def sanction(self) -> None:
        """Have the reviewer approve the plan that undoes the drift, if it needs that."""
        site = self.site()
        examination = site.examine(self.bench.device)
        if examination.decision.awaits_approval:
            self.approve(site.plan(examination).sha256)

    def records(self) -> list[dict[str, Any]]:
        """Return the ledger's statements in order."""
        return [json.loads(record.content) for record in self.site().parts.ledger.records()]


def workplace(bench: Bench, folder: pathlib.Path, *, revert_in_s: int | None = None) -> Workplace:
    """Make a working directory whose golden policy is what the device runs now; a lock-out is noticed after 5 s.

    Args:
        bench: the device.
        folder: absent.
        revert_in_s: seconds; 60 where the driver takes no less.
    """
    folder.mkdir(parents=True)
    key = folder / "alice"
    generate_key(key, "alice@example.net")
    made = Workplace(bench=bench, folder=folder / "site", key=key)
    said = made.say(
        "init",
        str(made.folder),
        *("--origin", "contracts.example.net", "--heal", bench.name),
        *("--inventory", str(bench.lab_dir / "inventory")),
        *("--vault-password-file", str(bench.lab_dir / "vault-password")),
        *("--revert-in", str(revert_in_s or max(8, bench.short_s))),
    )
    assert said.code == 0, said
    settings = made.folder / "murenger.yml"
    text = settings.read_text(encoding="utf-8")
    assert "connect_timeout: 20s" in text
    settings.write_text(text.replace("connect_timeout: 20s", "connect_timeout: 5s"), encoding="utf-8")
    made.done("keys", "trust", "alice@example.net", f"{key}.pub", "--role", "approver", "--role", "reviewer")
    made.done("approve", str(made.folder / "decisions/standing-change.json"), "--key", str(key), "--yes")
    made.done("golden", "accept", bench.name, "--key", str(key))
    prove(made.site(), bench.device)
    return made


@contextlib.contextmanager
def collection(folder: pathlib.Path) -> Iterator[None]:
    """Let Ansible find the collection of this working copy, as if it were installed."""
    home = folder / "collections" / "ansible_collections" / "murenger" / "drift"
    if not home.exists():
        home.mkdir(parents=True)
        for name in COLLECTION:
            (home / name).symlink_to(ROOT / name)
    before = os.environ.get("ANSIBLE_COLLECTIONS_PATH")
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(folder / "collections")
    try:
        yield
    finally:
        if before is None:
            del os.environ["ANSIBLE_COLLECTIONS_PATH"]
        else:
            os.environ["ANSIBLE_COLLECTIONS_PATH"] = before
