"""The child process: reads requests on standard input, one JSON line each, and answers each with one JSON line.

Input: platform, texts, what is asked about them, and limits. Output: an impact or a proof, or why a text could not be
read. It has no secret, no network use and no file to write; CPU and memory are limited by the kernel.
"""

import gc
import hashlib
import json
import pathlib
import resource
import sys
import traceback
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from murenger.adapters.engine.asked import Asked
from murenger.adapters.engine.codec import decode, encode
from murenger.adapters.parsers import parser_for
from murenger.errors import MurengerError
from murenger.model import Impact
from murenger.model.impact import undecided
from murenger.model.intent import Intents
from murenger.semantics.compare import compare
from murenger.semantics.hitless import prove
from murenger.semantics.impact import assess
from murenger.semantics.intents import watched
from murenger.semantics.ir import Ruleset
from murenger.semantics.proofs import HitlessProof, unproven
from murenger.semantics.verdict import Limits

MOST_ADDRESSES = 64 << 30
"""A last resort: the parent watches the memory that is really in use, and the engine reserves far more than that."""

KEPT = 4
"""Rulesets that are kept, so that golden is parsed once."""


class Engine:
    """Parses, compares and proves; keeps what it parsed last."""

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

    def prove(self, platform: str, asked: Asked, limits: Limits) -> HitlessProof:
        """Return what is proven of a plan.

        Raises:
            MurengerError: a text cannot be read; the message begins with the state.
        """
        known: dict[str, Ruleset] = {}
        for number, text in enumerate((*asked.texts, asked.golden)):
            if text not in known:
                known[text] = self._read(platform, text, f"state {number}" if number else "live")
        return prove(
            [known[text] for text in asked.texts],
            golden=known[asked.golden],
            management=asked.management,
            steps=asked.steps,
            may_cut=asked.may_cut,
            limits=limits,
        )

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
    is_proof = said["asked"] is not None
    allow_cpu(limits)
    try:
        found = _prove(engine, said, limits) if is_proof else _assess(engine, said, limits)
    except MurengerError as error:
        return {"error": type(error).__name__, "message": error.message, "hint": error.hint}
    except (MemoryError, RecursionError) as error:
        engine.forget()
        gc.collect()
        text = f"{type(error).__name__} while comparing"
        return {"found": encode(unproven(text) if is_proof else undecided("budget", text))}
    except Exception as error:  # noqa: BLE001 - whatever is wrong with us, the answer is unknown and says where
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = (
            f"{type(error).__name__} in {frame.name}, line {frame.lineno} of {pathlib.PurePath(frame.filename).name}"
        )
        text = f"the engine failed: {where}; please report it"
        return {"found": encode(unproven(text) if is_proof else undecided("defect", text))}
    return {"found": encode(found)}


def _assess(engine: Engine, said: Mapping[str, Any], limits: Limits) -> Impact:
    intents = None if said["intents"] is None else decode(Intents, said["intents"])
    return engine.assess(said["platform"], said["golden"], said["live"], intents, limits)


def _prove(engine: Engine, said: Mapping[str, Any], limits: Limits) -> HitlessProof:
    return engine.prove(said["platform"], decode(Asked, said["asked"]), limits)


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
