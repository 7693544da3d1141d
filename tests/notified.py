"""A site that tells people: its murenger.yml names a webhook receiver on loopback.

Input: a bench with one switch. Output: its passes, and what the receiver was sent.
"""

from typing import Any

from tests.notify_peers import SECRET, Receiver

from murenger.model import Effect, Flow, Impact, Outcome, OutcomeVerdict, RuleAt, Verdict, packet_from_json
from murenger.model.impact import NOTHING_CHANGED
from murenger.record.executor import Population

PACKET = packet_from_json({"src": "192.0.2.1", "dst": "10.1.2.3", "proto": "tcp", "dport": 3389})


class Judge:
    """Stands in for the engine, whose child processes take their time: every drift opens one packet."""

    def assess(self, _platform: str, *, golden: str, live: str, intents: object) -> Impact:
        del intents
        if golden == live:
            return NOTHING_CHANGED
        flow = Flow(
            text="tcp 3389 from 192.0.2.1 to 10.1.2.3",
            golden=RuleAt(name="default deny"),
            live=RuleAt(name="5"),
            boxes=(),
            is_whole=True,
            packets=1,
            is_certain=True,
            witness=PACKET,
        )
        return Impact(verdict=Verdict.DIFFERENT, effect=Effect.WIDENS, opened=(flow,), witnesses=(PACKET,))


class Told:
    """A bench whose murenger.yml names one webhook, and what that was sent."""

    def __init__(self, bench: Any, receiver: Receiver) -> None:
        self.bench, self.receiver = bench, receiver
        self.notices = bench.site / "state" / "notices"
        self.errors: list[Any] = []
        secret = bench.site / "keys" / "pager-secret"
        secret.write_text(SECRET)
        secret.chmod(0o600)
        # Otherwise each drift would be healed by a playbook, which takes its time and is not the matter here.
        bench.edit("mode: heal", "mode: propose")
        self.configure(self.channel("pager", receiver.url))

    def channel(self, name: str, url: str, least: str = "low") -> str:
        secret = "{file: keys/pager-secret}"
        return f'  - {{name: {name}, type: webhook, url: "{url}", secret: {secret}, least: {least}}}\n'

    def configure(self, *channels: str) -> None:
        text = self.bench.config.read_text(encoding="utf-8").partition("\nnotify:\n")[0]
        self.bench.config.write_text(text + "\nnotify:\n" + "".join(channels), encoding="utf-8")
        self.open()

    def open(self) -> Any:
        """Open the site anew, as the next process does."""
        self.site = self.bench.open()
        self.site.parts.assessor = Judge()
        (self.device,) = self.site.devices(("leaf1",))
        self.upkeep = self.site.upkeep(
            population=lambda: (
                Population(inventory="0" * 64, expected=0, seen=0, unreachable=(), drifted=0, backlog=0),
                0.0,
            ),
            report=self.errors.append,
        )
        return self.site

    def patrol(self) -> Any:
        return self.site.patrol(self.device)

    def messages(self) -> list[dict[str, Any]]:
        """Send what may be sent, and return every message that the pager was ever sent."""
        self.site.incidents.flush()
        return [posted.incident for posted in self.receiver.posted]

    def phases(self) -> list[tuple[Any, ...]]:
        return [(said["number"], said["phase"], said["kind"]) for said in self.messages()]

    def advance(self, seconds: float) -> None:
        self.bench.switch.clock.advance(seconds)

    def waiting(self, channel: str = "pager") -> int:
        return int(self.site.incidents.waiting().get(channel, 0))


def failures(bench: Any, word: str) -> list[str]:
    said = [record["failure"] for record in bench.records("failure")]
    return [failure["phase"] for failure in said if word in failure["control"]]


def changed(told: Told, bench: Any) -> Any:
    """Return an examination of drift that was told of."""
    bench.switch.drift()
    return told.patrol().examination


def outcome(examination: Any, verdict: OutcomeVerdict) -> Outcome:
    at = examination.drift.detected_at
    return Outcome(
        device="leaf1",
        plan_sha256="0" * 64,
        decision=examination.decision,
        verdict=verdict,
        reason="because",
        before_digest=examination.drift.live_digest,
        after_digest=None,
        checks=(),
        flows_cut=None,
        flows_note="",
        started_at=at,
        ended_at=at,
    )
