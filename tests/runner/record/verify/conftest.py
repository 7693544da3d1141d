"""A log that others hold, too: cosigned checkpoints, time stamps, sealed days; and what somebody can do to it.

Input: nothing. Output: the fixture `anchored`. The authority here is a stand-in that keeps the port's contract and lets
a test choose the time; tests/runner/record/verify/test_real_authority.py asks a real one.
"""

import base64
import dataclasses
import datetime
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from murenger.errors import SignatureError
from murenger.model import Receipt, ReceiptKind, canonical_bytes, digest_of
from murenger.record.executor import Population
from murenger.record.tree.checkpoint import Checkpoint, sign_checkpoint
from murenger.record.tree.merkle import root_of
from murenger.record.tree.note import SignatureType, make_key, parse_note
from murenger.record.verify import LogReport, Scope, Trust, verify_store
from murenger.record.verify.given import parse_given

ORIGIN = "fw-site1.example"
FIRST, SECOND = "2026-11-21", "2026-11-22"


class Authority:
    """A time-stamping authority whose clock a test sets; port `TimestampVerifier`."""

    secret = b"known to the authority alone"

    def __init__(self) -> None:
        self.ends_at = datetime.datetime(2036, 1, 1, tzinfo=datetime.UTC)
        self.today = datetime.datetime(2026, 12, 1, tzinfo=datetime.UTC)

    def stamp(self, content: bytes, at: datetime.datetime) -> bytes:
        said = {"sha256": hashlib.sha256(content).hexdigest(), "at": at.isoformat()}
        body = json.dumps(said).encode()
        # Real tokens hold their time in this form, too.
        when = b"\x18\x0f" + at.strftime("%Y%m%d%H%M%SZ").encode()
        seal = hmac.new(self.secret, body + when, "sha256").digest()
        return b"|".join(map(base64.b64encode, (body, seal))) + b"|" + when

    def verify_timestamp(
        self, content: bytes, token: bytes, *, at: datetime.datetime | None = None
    ) -> datetime.datetime:
        try:
            body, seal, when = token.split(b"|", 2)
            said = json.loads(base64.b64decode(body, validate=True))
            expected = hmac.new(self.secret, base64.b64decode(body) + when, "sha256").digest()
            genuine = base64.b64encode(expected) == seal and base64.b64encode(base64.b64decode(body)) == body
        except (ValueError, TypeError) as exc:
            raise SignatureError("no token", reason="invalid") from exc
        if not genuine or said["sha256"] != hashlib.sha256(content).hexdigest():
            raise SignatureError("a token over other bytes", reason="invalid")
        if (at or self.today) > self.ends_at:
            raise SignatureError("the authority's certificate has expired", reason="expired")
        return datetime.datetime.fromisoformat(said["at"])


class Anchored:
    """A world whose log others hold."""

    def __init__(self, world: Any, tools: Any, folder: Path) -> None:
        self.world = world
        self.tools = tools
        self.aside = folder
        self.log_key = make_key(ORIGIN, SignatureType.ED25519)
        self.witness_key = make_key("witness.example/w1", SignatureType.COSIGNATURE)
        self.authority = Authority()

    @property
    def folder(self) -> Path:
        folder: Path = self.world.folder
        return folder

    @property
    def trust(self) -> Trust:
        return Trust(
            verifier=self.world.verifier,
            timestamps=self.authority,
            log_keys=(self.log_key.verifier,),
            witness_keys=(self.witness_key.verifier,),
        )

    @property
    def last(self) -> int:
        return int(self.world.ledger.head().sequence)

    def checkpoint(self, size: int | None = None, *, root: bytes | None = None) -> str:
        """Return the log's own checkpoint of its first records."""
        leaves = self.world.ledger.leaves()
        size = len(leaves) // 32 if size is None else size
        head = Checkpoint(origin=ORIGIN, size=size, root=root or root_of(leaves, size))
        return sign_checkpoint(head, self.log_key)

    def cosigned(self, checkpoint: str, at: datetime.datetime | None = None) -> bytes:
        note = parse_note(checkpoint.encode())
        return note.signed_by(self.witness_key.sign(note.text, at=at or self.world.clock.at)).content

    def keep(self, kind: ReceiptKind, content: bytes, *, sink: str, sequence: int | None = None) -> None:
        number = self.last if sequence is None else sequence
        receipt = Receipt(
            sink=sink, kind=kind, sequence=number, content=content, at=self.world.clock.at, held_elsewhere=True
        )
        self.world.ledger.keep_receipt(receipt)

    def witness(self) -> bytes:
        """Have the head cosigned, and keep the receipt."""
        content = self.cosigned(self.checkpoint())
        self.keep(ReceiptKind.WITNESS, content, sink="w1")
        return content

    def stamp(self) -> None:
        """Have the newest record stamped, and keep the token."""
        token = self.authority.stamp(self.world.ledger.head().content, self.world.clock.at)
        self.keep(ReceiptKind.TIMESTAMP, token, sink="tsa1")

    def note(self) -> None:
        """Keep what a git sink and a syslog sink leave."""
        head = self.world.ledger.head()
        root = root_of(self.world.ledger.leaves()).hex()
        line = f"{head.sequence} {head.sha256}"
        text = f"{line} {head.sequence + 1} {root}\nssh://git.example/evidence anchors {'a' * 40}\n"
        self.keep(ReceiptKind.GIT, text.encode(), sink="evidence")
        said = f"<109>1 2026-11-22T00:00:00Z host murenger - anchor [murenger@32473] {line}\n"
        self.keep(ReceiptKind.SYSLOG, said.encode(), sink="siem")

    def seal(self, day: str, at: datetime.datetime | None = None) -> None:
        moment = at or self.world.clock.at
        assert self.world.ledger.seal(day, stamp=lambda content: self.authority.stamp(content, moment))

    def heartbeat(self) -> None:
        population = Population(
            inventory=digest_of("inventory"), expected=1, seen=1, unreachable=(), drifted=0, backlog=0
        )
        self.world.recorder.heartbeat(population)

    def story(self) -> None:
        """Write two days: the first sealed, an intent anchored before its change, a tail that nobody holds."""
        world = self.world
        world.clock.wait(300)  # five minutes before midnight
        world.start()
        world.recorder.runner_started(digest_of("murenger.yml"), "murenger run")
        self.heartbeat()
        self.witness()
        world.recorder.approved(world.approval())
        world.clock.wait(400)  # past midnight
        self.heartbeat()
        self.seal(FIRST)
        intent = world.intent()
        self.witness()
        self.stamp()
        self.note()
        world.outcome(intent)
        world.ledger.keep_checkpoint(self.checkpoint())
        self.heartbeat()

    def anchor(self, content: bytes | str, name: str = "anchor") -> Scope:
        """Return the scope of a reader who brings this anchor."""
        return Scope(anchors=(parse_given(name, content.encode() if isinstance(content, str) else content),))

    def heads(self) -> str:
        """Return the lines that `SEQ SHA256` sinks hold."""
        return "".join(f"{record.sequence} {record.sha256}\n" for record in self.world.ledger.records())

    def verdict(self, scope: Scope | None = None, **changes: Any) -> LogReport:
        trust = dataclasses.replace(self.trust, **changes)
        (log,) = verify_store(self.folder, trust=trust, scope=scope or Scope()).logs
        return log

    def found(self, scope: Scope | None = None) -> set[tuple[str, int | None]]:
        return {(finding.code.value, finding.sequence) for finding in self.verdict(scope).findings}

    def codes(self, scope: Scope | None = None, **changes: Any) -> set[str]:
        return {finding.code.value for finding in self.verdict(scope, **changes).findings}

    def receipts(self) -> list[Path]:
        return sorted((self.folder / "days").glob("*/receipts/*"))

    def without_receipts(self) -> None:
        """Remove whatever others gave, and the seals, as a thief with root's rights can."""
        listed = [*self.receipts(), *(self.folder / "days").glob("*/SHA256SUMS*")]
        for path in [*listed, *(self.folder / "days").glob("*/checkpoint")]:
            path.unlink()

    def rewrite(self, number: int) -> None:
        """Change what a record says and re-sign all that follows, as a thief of the runner's key can."""

        def change(said: dict[str, Any]) -> None:
            said["event"]["object"] = "something else"

        self.tools.edit(self.tools.record_path(self.folder, number), self.world.runner, change)
        self.mend()

    def mend(self) -> None:
        """Make every record carry and refer to the digests that there are now, sign all, and fit the lists."""
        digests: dict[int, str] = {}
        previous = "0" * 64
        for path in sorted((self.folder / "days").glob("*/records/*.json")):
            statement = json.loads(path.read_bytes())
            said = statement["predicate"]
            said["prev_record_sha256"] = previous
            for reference in said["refs"]:
                reference["sha256"] = digests.get(reference["at_seq"], reference["sha256"])
            content = canonical_bytes(statement)
            self.tools.forge(path, content, self.world.runner)
            previous = digests[int(path.stem)] = hashlib.sha256(content).hexdigest()
        self.tools.restamp(self.folder)

    def cut(self, count: int) -> None:
        """Remove the newest records without a trace in the lists."""
        for number in range(self.last, self.last - count, -1):
            path = self.tools.record_path(self.folder, number)
            path.unlink()
            path.with_name(path.name + ".sig").unlink()
        self.tools.restamp(self.folder)


@pytest.fixture
def blank(world: Any, tools: Any, tmp_path: Path) -> Anchored:
    """Return a world without a log."""
    return Anchored(world, tools, tmp_path)


@pytest.fixture
def anchored(blank: Anchored) -> Anchored:
    """Return a log of two days that others hold."""
    blank.story()
    return blank
