"""Two files compared without any device, inventory or murenger.yml.

Input: a platform and two paths. Output: the drift from golden to live with its impact.

Where murenger knows the platform's structure (a dialect), whole configurations are compared as those of devices are.
Any other text, such as one access list, a listing in JSON or a platform without a dialect, is compared line by line.
The engine judges the texts as they are, so that the lines it names are the files' own.
"""

import dataclasses
import hashlib
import hmac
import json
import pathlib
import re
import secrets
from collections.abc import Callable, Mapping

from murenger.adapters.clock import SystemClock
from murenger.adapters.engine import ChildAssessor
from murenger.adapters.files.source import read_text
from murenger.compare import compare, compare_lines
from murenger.config.intents import load_intents
from murenger.dialects import PLATFORMS
from murenger.errors import IncompleteConfigError, ParseError
from murenger.model import (
    Device,
    Difference,
    Digest,
    Drift,
    Impact,
    Operation,
    RawRead,
    Snapshot,
    SnapshotKind,
    Verdict,
)
from murenger.model.impact import NOTHING_CHANGED
from murenger.observe import canonical
from murenger.secrets import Fingerprinter, hide, redact

# Larger than any configuration that a device holds; reading more is a mistake or an attack.
MAX_BYTES = 256 << 20
_SET = re.compile(r"(?:\s*(?:#[^\n]*)?\n)*set [a-z]")


def compare_files(
    platform: str, *, golden: pathlib.Path, live: pathlib.Path, intents: pathlib.Path | None = None
) -> Drift:
    """Return how the live file differs from the golden file.

    Args:
        platform: one whose rules can be judged.
        golden: what it should be.
        live: what it is.
        intents: what the policy is for, or None.

    Raises:
        ConfigError: the intents are wrong.
        ObserveError: a file cannot be read.
        ParseError: a file is no configuration of the platform.
    """
    questions = None if intents is None else load_intents(intents)
    before, now = _read(platform, golden, SnapshotKind.GOLDEN), _read(platform, live, SnapshotKind.RUNNING)
    drift, hidden = _text_drift(platform, before, now)
    impact = ChildAssessor().assess(platform, golden=before.text, live=now.text, intents=questions)
    if before.text == now.text or drift.in_sync:
        impact = dataclasses.replace(NOTHING_CHANGED, proof=impact.proof, assumptions=impact.assumptions)
    elif _form(before.text) != _form(now.text) and impact.verdict is Verdict.EQUAL:
        # Two forms of one rule set: there is nothing to compare but what they mean.
        drift = dataclasses.replace(drift, differences=())
    return dataclasses.replace(drift, impact=_without_secrets(impact, hidden))


def _read(platform: str, path: pathlib.Path, kind: SnapshotKind) -> RawRead:
    device = Device(name=kind.value, platform=platform, address="")
    try:
        size = path.stat().st_size
    except OSError:
        size = 0  # reading it says what is wrong
    if size > MAX_BYTES:
        raise ParseError(f"{path} has {size} bytes, more than any configuration", hint="give the configuration alone")
    raw = read_text(path, device, SystemClock())
    try:
        raw.text.encode("utf-8")
    except UnicodeEncodeError as exc:
        line = raw.text.count("\n", 0, exc.start) + 1
        if platform not in PLATFORMS:
            raise ParseError(f"{path}: line {line} is not UTF-8", hint="save the file as UTF-8") from exc
    return raw


def _text_drift(platform: str, golden: RawRead, live: RawRead) -> tuple[Drift, Callable[[str], str]]:
    """Return how the texts differ, and what hides their secrets."""
    # Both sides are fingerprinted in this process and compared in it, so the key need not outlive it.
    key = secrets.token_bytes(32)
    if platform in PLATFORMS and _form(golden.text) == _form(live.text) == "":
        found = _structured_drift(platform, golden, live, Fingerprinter(key))
        if found is not None:
            return found
    texts = _lined(golden.text), _lined(live.text)
    drift = Drift(
        device=SnapshotKind.RUNNING.value,
        platform=platform,
        golden_digest=_keyed_digest(key, texts[0]),
        live_digest=_keyed_digest(key, texts[1]),
        differences=_form_differs() if _form(golden.text) != _form(live.text) else compare_lines(*texts),
        impact=NOTHING_CHANGED,
        detected_at=live.taken_at,
    )
    return drift, hide


def _structured_drift(
    platform: str, golden: RawRead, live: RawRead, fingerprinter: Fingerprinter
) -> tuple[Drift, Callable[[str], str]] | None:
    """Return how two whole configurations differ, or None if both are but parts, such as one access list.

    Raises:
        IncompleteConfigError: one is whole and the other is not: it was cut off.
    """
    found: list[tuple[Snapshot, Mapping[str, str]]] = []
    broken: list[IncompleteConfigError] = []
    for raw, kind in ((golden, SnapshotKind.GOLDEN), (live, SnapshotKind.RUNNING)):
        try:
            device = Device(name=kind.value, platform=platform, address="")
            found.append(canonical(raw, device, fingerprinter, kind))
        except IncompleteConfigError as error:
            broken.append(error)
    if len(broken) == 1:
        raise broken[0]
    if broken:
        return None
    (before, old), (now, new) = found
    values = (*old.values(), *new.values())
    return compare(before, now, detected_at=now.taken_at), lambda text: redact(hide(text), values)


def _form(text: str) -> str:
    """Return in which other form than its own a platform lists a configuration: `json`, `set` (Junos, PAN-OS) or ""."""
    if text.lstrip()[:1] in {"{", "["}:
        return "json"
    return "set" if _SET.match(text) else ""


def _lined(text: str) -> str:
    """Return a JSON listing with one item a line, anything else as it is; what is no JSON is the parser's to refuse."""
    if _form(text) != "json":
        return text
    try:
        return json.dumps(json.loads(text), indent=1, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _form_differs() -> tuple[Difference, ...]:
    one = Difference(path=(), operation=Operation.CHANGED, golden="one form of listing", live="another form of listing")
    return (one,)


def _keyed_digest(key: bytes, text: str) -> Digest:
    """Return a digest that tells nobody anything: a plain one would let a weak secret be guessed."""
    return Digest("sha256:" + hmac.new(key, text.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest())


def _without_secrets(impact: Impact, hidden: Callable[[str], str]) -> Impact:
    """Return an impact whose texts hold no secret; names of rules and objects are shown as they are."""
    return dataclasses.replace(
        impact,
        unknowns=tuple(map(hidden, impact.unknowns)),
        assumptions=tuple(map(hidden, impact.assumptions)),
        handling=tuple(map(hidden, impact.handling)),
    )
