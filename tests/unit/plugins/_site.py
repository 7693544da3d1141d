# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action plugins are tested against: a site of real values that remembers every writing call.

Input: how the site should be. Output: a site as `open_site` returns it, and tasks as Ansible runs them.
"""

from __future__ import annotations

import contextlib
import datetime
import pathlib
import types
from collections.abc import Iterator

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from murenger.decide import plan_document
from murenger.errors import ApprovalError, GoldenMissingError
from murenger.model import (
    Action,
    Approval,
    ApprovalMode,
    Decision,
    Device,
    Difference,
    Drift,
    Golden,
    Mode,
    Operation,
    Outcome,
    OutcomeVerdict,
    PeerIdentity,
    Plan,
    Policy,
    SafetyNet,
    Snapshot,
    SnapshotKind,
    digest_of,
)
from murenger.model.impact import NOT_ASSESSED
from murenger.reconcile import Examination
from murenger.wiring.healing import Healing
from murenger.wiring.site import AcceptedGolden

ORIGIN = "fw.example.net"
NOW = datetime.datetime(2026, 11, 22, 4, 47, 31, tzinfo=datetime.UTC)
GOLDEN_TEXT = "policy drop\n"
# A placeholder, as canonical text has it, and what it stands for.
LIVE_TEXT = 'policy drop\naccept comment "{{ 1 + 1 }} CANARYDEVICE"\nkey <murenger-secret:abc>\n'
SECRET = "CANARYDEVICE"
FW1 = Device(name="fw1", platform="nftables", address="192.0.2.1")


def snapshot(text: str, kind: SnapshotKind = SnapshotKind.RUNNING) -> Snapshot:
    """Return a snapshot of fw1."""
    return Snapshot(
        device="fw1",
        platform="nftables",
        kind=kind,
        text=text,
        taken_at=NOW,
        identity=PeerIdentity.HOST_KEY,
        driver="nftables 0.1.0",
    )


def golden(text: str = GOLDEN_TEXT) -> Golden:
    """Return golden policy for fw1."""
    return Golden(
        snapshot=snapshot(text, SnapshotKind.GOLDEN),
        repository="golden",
        path="fw1",
        revision="a" * 40,
        approved_by="alice@example.net",
        key_fingerprint="SHA256:key",
        approved_at=NOW,
    )


APPROVAL = Approval(
    mode=ApprovalMode.STANDING,
    principal="alice@example.net",
    key_fingerprint="SHA256:key",
    decision_sha256="b" * 64,
    decision=b"{}",
    signature="",
    author="murenger",
    expires_at=NOW,
    reason="",
    security_impact="",
)

RULES = """table inet filter {{
  chain forward {{
    type filter hook forward priority filter; policy drop;
    tcp dport 22 {} comment "{{{{ 7 * 7 }}}}"
  }}
}}
"""


class _Healing(Healing):
    """The library's own refusals, over the site's own plans."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._parts, self._journal = site.parts, site.journal

    def preview(self, examination: Examination, *, made_at: datetime.datetime | None = None) -> Plan:
        return self._site.preview(examination, made_at or NOW)

    def known_plan(self, _examination: Examination) -> types.SimpleNamespace | None:
        return next((types.SimpleNamespace(sha256=sha256, made_at=NOW) for sha256 in self._site.kept), None)


class Site:
    """A site with the one device fw1.

    Args:
        mode: of the device's policy.
        drifted: whether live differs from golden.
        verdict: how a heal ends.
        error: raised by whatever is asked first.
        accepted: whether there is golden policy.
        store: the store of change records; one that is not there if None.
    """

    def __init__(
        self,
        *,
        mode: Mode = Mode.HEAL,
        drifted: bool = True,
        verdict: OutcomeVerdict = OutcomeVerdict.HEALED,
        error: Exception | None = None,
        accepted: bool = True,
        store: pathlib.Path | None = None,
    ) -> None:
        self.mode, self.drifted, self.verdict, self.error, self.accepted = mode, drifted, verdict, error, accepted
        self.written: list[str] = []
        self.kept: dict[str, bytes] = {}
        self.settings = types.SimpleNamespace(
            playbook=types.SimpleNamespace(pre_tasks="/site/before.yml", post_tasks=None),
            store=types.SimpleNamespace(path=store or pathlib.Path("/nonexistent"), origin=ORIGIN),
            trust=pathlib.Path("/nonexistent/allowed_signers"),
            file=pathlib.Path("/site/murenger.yml"),
        )
        self.parts = types.SimpleNamespace(
            plans=types.SimpleNamespace(load=self._load),
        )
        self.journal = types.SimpleNamespace(reading=self._reading)
        self.healing = _Healing(self)
        self.desk = types.SimpleNamespace(golden=self._golden)

    def devices(self, _names: tuple[str, ...]) -> tuple[Device, ...]:
        """Return fw1, whatever group it was named by."""
        return (FW1,)

    def policy(self, _device: Device) -> Policy:
        """Return the device's policy."""
        return Policy(name="core", devices=("fw1",), mode=self.mode)

    def examine(self, device: Device) -> Examination:
        """Return what is known about fw1."""
        if self.error:
            raise self.error
        live = snapshot(LIVE_TEXT if self.drifted else GOLDEN_TEXT)
        difference = Difference(path=("chain",), operation=Operation.ADDED, golden=None, live=LIVE_TEXT)
        drift = Drift(
            device="fw1",
            platform="nftables",
            golden_digest=digest_of(GOLDEN_TEXT),
            live_digest=live.digest,
            differences=(difference,) if self.drifted else (),
            impact=NOT_ASSESSED,
            detected_at=NOW,
        )
        acts = self.mode is Mode.HEAL
        decision = Decision(
            device="fw1",
            action=(Action.HEAL if acts else Action.HOLD) if self.drifted else Action.NONE,
            mode=self.mode,
            reasons=(f"mode is {self.mode.value}",),
            policy=self.policy(device),
            decided_at=NOW,
            approval=APPROVAL if acts and self.drifted else None,
            awaits_approval=self.mode is Mode.PROPOSE,
        )
        return Examination(
            device=device, live=live, golden=golden(), drift=drift, decision=decision, secrets={"p": SECRET}
        )

    def rules_text(self, _device: Device, *, is_live: bool) -> str:
        """Return rules that deny in golden what they allow in live."""
        if self.error:
            raise self.error
        return RULES.format("accept" if is_live else "drop")

    def preview(self, examination: Examination, made_at: datetime.datetime = NOW) -> Plan:
        """Return the plan that undoes the drift."""
        return Plan(
            device="fw1",
            platform="nftables",
            serial="",
            drift=examination.drift,
            golden_revision="a" * 40,
            candidate=GOLDEN_TEXT,
            rollback=examination.live.text,
            expected_digest=digest_of(GOLDEN_TEXT),
            steps=("chain: remove: accept",),
            safety_net=SafetyNet.DEVICE_TIMER,
            revert_in_s=60,
            made_at=made_at,
            expires_at=NOW + datetime.timedelta(hours=1),
        )

    def plan(self, examination: Examination) -> types.SimpleNamespace:
        """Keep a plan file, unless there is one."""
        plan = self.preview(examination)
        if not self.kept:
            self.written.append("plan")
            self.keep(plan)
        return types.SimpleNamespace(plan=plan, sha256=next(iter(self.kept)))

    def keep(self, plan: Plan) -> str:
        """Keep a plan file and return its digest."""
        document = plan_document(
            plan,
            origin="fw.example.net",
            author="murenger",
            author_key_fingerprint="SHA256:runner",
            nonce="0123456789abcdef",
            reason="drift",
            security_impact="none",
        )
        sha256 = digest_of(document.decode()).removeprefix("sha256:")
        self.kept[sha256] = document
        return sha256

    def remediate(self, device: Device, plan_sha256: str) -> Outcome | None:
        """Heal fw1 by record 5."""
        examination = self.examine(device)
        self.written.append("remediate")
        if not self.drifted:
            return None
        return Outcome(
            device="fw1",
            plan_sha256=plan_sha256,
            decision=examination.decision,
            verdict=self.verdict,
            reason=f"because {SECRET}",
            before_digest=examination.live.digest,
            after_digest=digest_of(GOLDEN_TEXT),
            checks=(),
            flows_cut=1,
            flows_note="1 connection was cut",
            started_at=NOW,
            ended_at=NOW,
        )

    def accept_golden(
        self, _device: Device, *, signing_key: str, message: str, text_file: pathlib.Path | None
    ) -> AcceptedGolden:
        """Accept golden policy."""
        assert signing_key == "alice"
        assert message == ""
        assert text_file is None
        self.written.append("accept")
        return AcceptedGolden(golden=golden(), changed=not self.accepted)

    def _load(self, sha256: str) -> bytes:
        if sha256 not in self.kept:
            raise ApprovalError(f"there is no plan {sha256[:12]}")
        return self.kept[sha256]

    def _golden(self, _device: Device) -> tuple[Golden, dict[str, str]]:
        if not self.accepted:
            raise GoldenMissingError("there is no golden policy", device="fw1")
        return golden(), {"p": SECRET}

    @contextlib.contextmanager
    def _reading(self) -> Iterator[types.SimpleNamespace]:
        record = types.SimpleNamespace(sequence=5) if "remediate" in self.written else None
        yield types.SimpleNamespace(outcome_of=lambda _: record)


def run(plugin: types.ModuleType, arguments: str, *, check: bool = False, diff: bool = False) -> dict[str, object]:
    """Run an action plugin as Ansible does, for the host fw1, with arguments as its YAML loader makes them.

    Args:
        plugin: the plugin's module.
        arguments: YAML text of the task's arguments.
        check: whether in check mode.
        diff: whether in diff mode.
    """
    loader = DataLoader()
    task = types.SimpleNamespace(
        args=loader.load(arguments) or {}, action="test", check_mode=check, diff=diff, async_val=0
    )
    connection = types.SimpleNamespace(_shell=types.SimpleNamespace(tmpdir=None))
    action = plugin.ActionModule(task, connection, None, loader, Templar(loader), None)
    return action.run(task_vars=loader.load("inventory_hostname: fw1"))
