"""Makes packs' views: records with predicates in the shape of the schemas, and what the pack's maker derives from them.

Input: what happened, step by step. Output: a view.
"""

import dataclasses
import datetime
import hashlib
from typing import Any, ClassVar

from murenger.record.evidence.view import (
    DayView,
    GapView,
    IncidentState,
    IncidentView,
    PackView,
    RecordView,
    VerificationView,
)

UTC = datetime.UTC
START = datetime.datetime(2026, 11, 8, tzinfo=UTC)
RUNNER = "runner@fw-site1"
KEY = "SHA256:" + "Qm9iJ3Mga2V5IGZpbmdlcnByaW50IGhlcmUgaXMgbG9uZ"[:43]
REDACTED = {"alg": "sha-256", "redacted": "x7Gf2Lq0pTzW1eYbN5cVhJ8kRmUoA3sDiXvQ4tB6wZE"}


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime.datetime:
    """Return a time of November 2026."""
    return datetime.datetime(2026, 11, day, hour, minute, second, tzinfo=UTC)


def text(moment: datetime.datetime | None) -> str | None:
    """Return a time as records write it."""
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"


def digest(of: str) -> str:
    """Return 64 hex digits."""
    return hashlib.sha256(of.encode("utf-8", "surrogatepass")).hexdigest()


def op(kind: str, path: list[str], before: Any = None, after: Any = None, **more: Any) -> dict[str, Any]:
    """Return one difference."""
    places = {"before_position": None, "after_position": None}
    return {"op": kind, "path": path, "before": before, "after": after, "severity": "policy", **places} | more


def change(mode: str, plan_sha256: str) -> dict[str, Any]:
    """Return why something is changed."""
    return {
        "reason": "Return live to the approved golden revision: nobody asked for this rule.",
        "description": "delete rule inet murenger forward handle 42\nadd rule inet murenger forward position 7 "
        "tcp dport 443 accept",
        "security_impact": "Closes what the drift opened. Established connections through the added rule are cut.",
        "type": "standard" if mode == "standing" else "normal",
        "ticket": None if mode == "standing" else "CHG0042137",
        "plan_sha256": plan_sha256,
        "rendered_commitment": None,
    }


def check(name: str, expected: str, observed: str, when: datetime.datetime, *, good: bool = True) -> dict[str, Any]:
    """Return one test."""
    result = "pass" if good else "fail"
    return {"name": name, "expected": expected, "observed": observed, "result": result, "at": text(when)}


def checks_before(when: datetime.datetime) -> list[dict[str, Any]]:
    """Return the tests before a change."""
    live = digest("live")[:12]
    return [
        check("live is what the plan was made for", live, live, when),
        check("management path stays open", "ssh from 192.0.2.10 passes", "passes", when),
    ]


def checks_after(when: datetime.datetime, *, good: bool) -> list[dict[str, Any]]:
    """Return the tests after a change."""
    read = "golden" if good else "2 differences"
    return [
        check("read back over a fresh connection", "golden", read, when, good=good),
        check("probe tcp 192.0.2.80:443", "open", "open", when),
    ]


def times(
    approved: datetime.datetime, started: datetime.datetime, finished: datetime.datetime, *, confirmed: bool
) -> dict[str, Any]:
    """Return when each step was taken."""
    return {
        "detected": None,
        "approved": text(approved),
        "started": text(started),
        "finished": text(finished),
        "confirmed": text(finished) if confirmed else None,
    }


@dataclasses.dataclass
class Story:
    """Records as they are written, and the incidents they tell of."""

    records: list[RecordView] = dataclasses.field(default_factory=list)
    incidents: list[IncidentView] = dataclasses.field(default_factory=list)
    gaps: list[GapView] = dataclasses.field(default_factory=list)
    number: int = 120
    platform: str = "nftables"

    at = staticmethod(at)
    op = staticmethod(op)
    redacted: ClassVar = REDACTED

    def write(self, kind: str, moment: datetime.datetime, device: str = "", **groups: Any) -> int:
        """Write one record; return its number."""
        number, day = self.number, f"{moment:%Y-%m-%d}"
        self.number += 1
        result = groups.pop("result", "success")
        event = groups.pop("event", kind)
        receipts = groups.pop("receipts", ())
        decision = groups.get("approval", {}).get("decision_sha256", "")
        said: dict[str, Any] = {
            "origin": "fw-site1.example",
            "seq": number,
            "kind": kind,
            "written_at": text(moment),
            "refs": groups.pop("refs", []),
            "event": {"type": event, "result": result, "origination": "mgmt1.example", "object": device or "log"},
            "executor": {"runner_id": RUNNER, "host": "mgmt1.example", "run_id": "r1", "key_fp": KEY, "tools": {}},
        }
        if device:
            said["device"] = self.device(device)
        said |= groups
        path = f"days/{day}/records/{number:09d}.json"
        self.records.append(
            RecordView(
                sequence=number,
                kind=kind,
                device=device,
                day=day,
                written_at=moment,
                event_type=event,
                result=result,
                summary=f"{event}",
                sha256=digest(path),
                path=path,
                proof=f"proofs/{number:09d}.tlog-proof" if kind in ("intent", "outcome") else "",
                decision=f"days/{day}/decisions/{decision}.json" if decision else "",
                receipts=tuple(f"days/{day}/receipts/{number:09d}-{name}" for name in receipts),
                said=said,
            )
        )
        return number

    def device(self, name: str) -> dict[str, Any]:
        """Return the group that describes a device."""
        return {
            "name": name,
            "serial": "FW" + digest(name)[:8].upper(),
            "platform": self.platform,
            "os_version": "12.8",
            "mgmt_address": f"192.0.2.{int(digest(name)[:2], 16)}",
            "site": None,
            "zone": "edge",
            "pci_scope": "connected",
            "driver": f"{self.platform} 0.1.0",
            "capabilities_sha256": None,
            "peer_identity": "host-key",
        }

    def drift(self, device: str, moment: datetime.datetime, ops: list[dict[str, Any]], **more: Any) -> int:
        """Write that a device differs."""
        phase = more.pop("phase", "open")
        effect = more.pop("effect", "unknown")
        opened = more.pop("opened", [])
        claimed = more.pop("claimed", None)
        group = {
            "id": more.pop("identity", f"{device}-{self.number}"),
            "class": "policy",
            "phase": phase,
            "last_good": text(more.pop("last_good", moment - datetime.timedelta(minutes=5))),
            "first_bad": text(moment),
            "detected_at": text(moment),
            "ops": ops,
            "verdict": "different" if ops else "equal",
            "not_comparable": more.pop("not_comparable", []),
        }
        actor = {
            "claimed": claimed,
            "source": "syslog" if claimed else "unknown",
            "origin_address": "198.51.100.23" if claimed else None,
            "confidence": "medium" if claimed else "none",
            "shared_account": False if claimed else None,
            "evidence_sha256": digest("log line") if claimed else None,
        }
        impact = {
            "verdict": "unknown" if effect == "unknown" else "different",
            "effect": effect,
            "opened": opened,
            "closed": more.pop("closed", []),
            "widened": effect == "widens",
            "cde_exposure": None,
            "risk": None,
            "engine": None if effect == "unknown" else "packets 1.0",
            "unknown_count": int(effect == "unknown"),
            "unknowns": ["the impact of this drift was not assessed"] if effect == "unknown" else [],
            **{name: more.pop(name, []) for name in ("examples", "violations", "assumptions")},
        }
        event = {"open": "drift-opened", "change": "drift-changed", "close": "drift-closed"}[phase]
        groups = {"drift": group, "impact": impact, "actor": actor, "golden": self.golden(device)} | more
        return self.write("drift", moment, device, event=event, **groups)

    def golden(self, device: str) -> dict[str, Any]:
        """Return the approved policy."""
        return {
            "repo": "ssh://git.example/golden",
            "commit": digest("commit")[:40],
            "path": f"{device}/running.conf",
            "approved_sha256": digest("golden" + device),
            "signer": "bob@corp.example",
            "signature_status": "good",
            "key_fp": KEY,
        }

    def approval(self, mode: str, until: datetime.datetime, signed: datetime.datetime | None = None) -> dict[str, Any]:
        """Return on whose authority."""
        return {
            "mode": mode,
            "principal": "alice@corp.example",
            "key_fp": KEY,
            "decision_sha256": digest(mode),
            "author": "carol@corp.example" if mode == "standing" else "murenger",
            "signed_at": text(signed),
            "expires_at": text(until),
            "user_presence": True if mode == "person" else None,
            "mfa_claim": None,
        }

    def heal(
        self,
        device: str,
        moment: datetime.datetime,
        took_s: int,
        *,
        seen: datetime.datetime,
        verdict: str = "healed",
        mode: str = "standing",
    ) -> tuple[int, ...]:
        """Write plan, approval, intent and outcome of one attempt."""
        second = datetime.timedelta(seconds=1)
        end = moment + took_s * second
        healed = verdict == "healed"
        approval = self.approval(mode, at(30, 0), None if mode == "standing" else moment - 90 * second)
        shared = {
            "change": change(mode, digest(f"plan{self.number}")),
            "approval": approval,
            "golden": self.golden(device),
            "times": times(moment + second, moment + 3 * second, end, confirmed=healed),
        }
        backout = {"method": "device-timer", "armed": True, "timer_s": 120, "rehearsed_at": text(at(2, 9))}
        proposed = {"proposed_by": RUNNER, "expires_at": None}
        plan = self.write("plan", moment, device, change=shared["change"], backout=backout, plan=proposed)
        accepted = approval | {"decision": "accepted", "comment": None}
        decided = self.write("approval", moment + second, device, approval=accepted)
        before = checks_before(moment + 2 * second)
        deadline = {"deadline": text(end), "expected_after_sha256": digest("golden"), "anchoring": "before_change"}
        intent = self.write(
            "intent",
            moment + 3 * second,
            device,
            receipts=("tsa1.tsr", "w1.cosig"),
            intent=deadline,
            test={"pre": before, "post": []},
            backout=backout,
            **shared,
        )
        outcome = self.write(
            "outcome",
            end,
            device,
            result="success" if healed else "failure",
            outcome={"verdict": verdict, "reason": None, "flows_cut": 3, "flows_note": "ssh to 192.0.2.14"},
            refs=[{"rel": "intent", "at_seq": intent, "sha256": digest("x")}],
            test={"pre": before, "post": checks_after(end, good=healed), "fresh_connection": True},
            backout=backout | {"result": "not needed: the change was confirmed" if healed else "taken by us"},
            failure=self.failure(seen, end if healed else None),
            retest={"due": text(at(28, 0)), "reason": "a rule between zones changed", "scope": "edge to inside"},
            after={"normalised_sha256": digest("after"), "fetched_at": text(end), "source": "running"},
            attachments=[{"name": "transcript", "sha256": digest("transcript"), "media_type": "text/plain"}],
            **shared,
        )
        return plan, decided, intent, outcome

    def failure(self, start: datetime.datetime, end: datetime.datetime | None) -> dict[str, Any]:
        """Return the failed control."""
        return {
            "control": "firewall rule set as approved",
            "started": text(start),
            "ended": text(end),
            "duration_s": None if end is None else int((end - start).total_seconds()),
            "cause": "a rule was added by hand",
            "detected_by": "scheduled comparison",
            "alerts": [],
            "security_issues": [],
            "remediation": "approved policy put back" if end else None,
            "restored_at": text(end),
            "further_action": None,
            "prevention": None,
            "resumed_at": text(end),
        }

    def hold(self, device: str, moment: datetime.datetime, cause: str, detail: str, **more: Any) -> int:
        """Write that nothing was done."""
        hold = {"cause": cause, "guard": more.get("guard"), "detail": detail, "until": text(more.get("until"))}
        return self.write("hold", moment, device, result="refused", hold=hold)

    def incident(
        self,
        device: str,
        state: IncidentState,
        seen: datetime.datetime | None,
        ended: datetime.datetime | None,
        records: tuple[int, ...],
        **more: Any,
    ) -> None:
        """Add what the pack's maker derives from a stretch of drift."""
        self.incidents.append(
            IncidentView(
                identity=f"{device}-{records[0]}",
                device=device,
                state=state,
                last_good=None if seen is None else seen - datetime.timedelta(minutes=5),
                detected_at=seen,
                ended_at=ended,
                latency_s=None if seen is None else 300,
                duration_s=None if seen is None or ended is None else int((ended - seen).total_seconds()),
                effect=more.get("effect", "unknown"),
                approved_by=more.get("approved_by", ()),
                tickets=more.get("tickets", ()),
                records=records,
                summary=more.get("summary", state.value),
            )
        )

    def view(self, **more: Any) -> PackView:
        """Return the pack's view."""
        names = sorted({record.day for record in self.records})
        days = tuple(
            DayView(
                name=name,
                first=min(r.sequence for r in self.records if r.day == name),
                last=max(r.sequence for r in self.records if r.day == name),
                sealed=name != names[-1],
                stamped=name != names[-1] and name != names[0],
                pruned=False,
            )
            for name in names
        )
        head = self.records[-1] if self.records else None
        given: dict[str, Any] = {
            "origin": "fw-site1.example",
            "period_from": datetime.date(2026, 11, 8),
            "period_to": datetime.date(2026, 11, 21),
            "made_at": at(22, 8, 15),
            "recipient": "Dana Assessor, Example QSA",
            "purpose": "quarterly sample of firewall changes",
            "devices": (),
            "days": days,
            "records": tuple(self.records),
            "heartbeats": 4032,
            "incidents": tuple(self.incidents),
            "gaps": tuple(self.gaps),
            "largest_gap_s": max((gap.duration_s or 0 for gap in self.gaps), default=0),
            "requirements": (),
            "verification": VerificationView(
                exit_code=3,
                intact=True,
                at=at(22, 8, 14),
                records=4032 + len(self.records),
                head_sequence=head.sequence if head else None,
                head_sha256=head.sha256 if head else "",
                findings=(),
                limits=(
                    "No anchor was given: records cut from the end would not show.",
                    "After record 160 nothing outside vouches for the log.",
                ),
            ),
            "algorithms": (
                ("record signatures", "Ed25519 (SSHSIG, SHA-512)"),
                ("chain and seals", "SHA-256"),
                ("time stamps", "RFC 3161, ECDSA P-256"),
            ),
            "unsealed": tuple(names[-1:]),
            "completeness": (
                "Each record carries the digest of the one before, so none is missing between the first and the last.",
                "The seal of each day names the seal of the day before.",
            ),
        }
        return PackView(**(given | more))
