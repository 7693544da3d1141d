"""The impact of a drift at a site: asked of the engine once for each pair of texts.

Input: golden and live. Output: an `Impact`; what cannot be read as rules is unknown, and says why.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable

from murenger.adapters.engine import ChildAssessor
from murenger.dialects import dialect, expected_after
from murenger.errors import ParseError, UnsupportedPlatformError
from murenger.model import Digest, Effect, Impact, Snapshot, Verdict, digest_of
from murenger.model.impact import undecided
from murenger.model.intent import Intents

KEPT = 256
"""Answers that are kept: a drift that stays is judged once, not at every pass."""


class ImpactDesk:
    """Judges drifts.

    Args:
        assessor: the engine.
        intents: returns what the policy of a golden revision is for.
    """

    def __init__(self, assessor: Callable[[], ChildAssessor], intents: Callable[[str], Intents | None]) -> None:
        self._assessor = assessor
        self._intents = intents
        self._known: OrderedDict[tuple[str, str, Digest, Digest], Impact] = OrderedDict()
        self._lock = threading.Lock()

    def impact(self, golden: Snapshot, live: Snapshot, *, revision: str) -> Impact:
        """Return what the drift from golden to live opens or closes.

        Foreign parts of live belong to somebody else and stay as they are whatever is healed: they count on both sides.

        Args:
            golden: what the device should run.
            live: what it runs.
            revision: the golden revision, whose intents count.

        Raises:
            ConfigError: its intents.yml is wrong.
        """
        promised = expected_after(golden.text, live.text, dialect(live.platform))
        key = live.platform, revision, digest_of(promised), live.digest
        with self._lock:
            known = self._known.get(key)
        if known is not None:
            return known
        found = self._ask(live.platform, promised, live.text, self._intents(revision))
        with self._lock:
            self._known[key] = found
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return found

    def _ask(self, platform: str, golden: str, live: str, intents: Intents | None) -> Impact:
        try:
            return self._assessor().assess(platform, golden=golden, live=live, intents=intents)
        except (ParseError, UnsupportedPlatformError) as error:
            if golden == live:
                # One text means one thing, whatever it is.
                note = f"not read as rules, but the texts are the same: {error.message}"
                return Impact(verdict=Verdict.EQUAL, effect=Effect.NONE, assumptions=(note,))
            return undecided("unreadable", error.message)
