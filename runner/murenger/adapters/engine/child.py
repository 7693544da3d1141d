"""The child process: reads requests on standard input, one JSON line each, and answers each with one JSON line.

Input: platform, two texts, intents and limits. Output: an impact, or why a text could not be read. It has no secret, no
network use and no file to write; CPU and memory are limited by the kernel.
"""

import gc
import hashlib
import json
import pathlib
import resource
import sys
import traceback
from collections import OrderedDict

from murenger.adapters.engine.codec import decode, encode
from murenger.adapters.parsers import parser_for
from murenger.errors import MurengerError
from murenger.model import Impact
from murenger.model.impact import undecided
from murenger.model.intent import Intents
from murenger.semantics.compare import compare
from murenger.semantics.impact import assess
from murenger.semantics.intents import watched
from murenger.semantics.ir import Ruleset
from murenger.semantics.verdict import Limits

MOST_ADDRESSES = 64 << 30
"""A last resort: the parent watches the memory that is really in use, and the engine reserves far more than that."""

KEPT = 4
"""Rulesets that are kept, so that golden is parsed once."""


class Engine:
    """Parses and compares; keeps what it parsed last."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], Ruleset] = OrderedDict()

    def assess(self, platform: str, golden: str, live: str, intents: Intents | None, limits: Limits) -> Impact:
        """Return the impact of the drift from golden to live.

        Raises:
            MurengerError: a text cannot be read; the message begins with the side.
        """
        before, now = self._read(platform, golden, "golden"), self._read(platform, live, "live")
        questions = watched(intents) if intents is not None else {}
        return assess(compare(before, now, limits=limits, watched=questions), before, now, intents, limits)

    def _read(self, platform: str, text: str, side: str) -> Ruleset:
        key = platform, hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        found = self._known.pop(key, None)
        if found is None:
            try:
                found = parser_for(platform).parse(text)
            except MurengerError as error:
                raise type(error)(f"{side}: {error.message}", hint=error.hint) from error
        self._known[key] = found
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        return found

    def forget(self) -> None:
        """Forget what was parsed."""
        self._known.clear()


def answer(engine: Engine, line: str) -> dict[str, object]:
    """Return the answer to one request."""
    said = json.loads(line)
    limits = decode(Limits, said["limits"])
    intents = None if said["intents"] is None else decode(Intents, said["intents"])
    allow_cpu(limits)
    try:
        impact = engine.assess(said["platform"], said["golden"], said["live"], intents, limits)
    except MurengerError as error:
        return {"error": type(error).__name__, "message": error.message, "hint": error.hint}
    except (MemoryError, RecursionError) as error:
        engine.forget()
        gc.collect()
        return {"impact": encode(undecided("budget", f"{type(error).__name__} while comparing"))}
    except Exception as error:  # noqa: BLE001 - whatever is wrong with us, the answer is unknown and says where
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = (
            f"{type(error).__name__} in {frame.name}, line {frame.lineno} of {pathlib.PurePath(frame.filename).name}"
        )
        return {"impact": encode(undecided("defect", f"the engine failed: {where}; please report it"))}
    return {"impact": encode(impact)}


def allow_cpu(limits: Limits) -> None:
    """Let this process use twice the CPU time of one comparison from now on; the kernel ends it after that."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + 2 * limits.cpu_s) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def main() -> None:
    """Answer requests until standard input ends."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_ADDRESSES, MOST_ADDRESSES))
    # Rules are many small values without cycles: collecting while they are made doubles the time and frees nothing.
    gc.disable()
    engine = Engine()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(engine, line)) + "\n")
        sys.stdout.flush()
        gc.collect()


if __name__ == "__main__":
    main()
