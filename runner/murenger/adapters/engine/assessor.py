"""The parent's side: hands texts to a warm child process and never waits longer than the budget allows.

Input: two texts, or the states of a plan. Output: an `Impact` or a `HitlessProof`; a child that dies or does not answer
means unknown, and is replaced.
"""

import contextlib
import json
import pathlib
import queue
import resource
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence

from murenger.adapters.engine.asked import Asked
from murenger.adapters.engine.codec import decode, encode
from murenger.errors import MurengerError, ParseError, UnsupportedPlatformError
from murenger.model import Impact
from murenger.model.impact import undecided
from murenger.model.intent import Intents
from murenger.model.management import Management
from murenger.semantics.proofs import HitlessProof, unproven
from murenger.semantics.verdict import Limits

WALL_FACTOR = 5
"""On a busy machine CPU seconds take longer: the child is killed after this many times its budget."""

LOOK_EVERY_S = 0.05
"""How often a child's memory is looked at."""

DYING_S = 5.0
"""A child without an answer is given this long to end by itself, so that its status tells why."""

# What the kernel, or we, end a child with that uses too much.
_BY_LIMIT = {-signal.SIGXCPU, -signal.SIGKILL, -signal.SIGABRT}
_ERRORS = {"ParseError": ParseError, "UnsupportedPlatformError": UnsupportedPlatformError}


class ChildAssessor:
    """Judges drifts and plans in child processes; safe to be used by several threads at once.

    Args:
        limits: what one comparison may use.
    """

    def __init__(self, *, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._idle: list[_Child] = []
        self._lock = threading.Lock()
        # However the owner goes, no child outlives it.
        weakref.finalize(self, _end_all, self._idle)

    def assess(self, platform: str, *, golden: str, live: str, intents: Intents | None = None) -> Impact:
        """Return which packets live treats differently from golden; what cannot be decided in time is unknown.

        Args:
            platform: one whose rules can be judged.
            golden: what the device should run.
            live: what it runs.
            intents: what the policy is for, or None.

        Raises:
            ParseError: a side is no configuration of the platform; the message begins with `golden` or `live`.
            UnsupportedPlatformError: the rules of this platform cannot be judged.
        """
        request = {
            "platform": platform,
            "golden": golden,
            "live": live,
            "intents": encode(intents),
            "asked": None,
            "limits": encode(self._limits),
        }
        said, why = self._ask(request)
        if said is None:
            return undecided(*why)
        return decode(Impact, said["found"])

    def prove_hitless(
        self,
        platform: str,
        texts: Sequence[str],
        *,
        golden: str | None = None,
        steps: Sequence[str] = (),
        management: Management | None = None,
        may_cut: bool = False,
    ) -> HitlessProof:
        """Return what is proven of a plan; whatever cannot be read or decided in time is unknown.

        Args:
            platform: one whose rules can be judged.
            texts: what the device passes through, live first; two where it replaces all at once.
            golden: what the last state must equal; the last text if None.
            steps: for people, what leads to each state after the first.
            management: our own way to the device; None leaves it undecided.
            may_cut: True if it is enough to name what is cut for the time of a step.
        """
        asked = Asked(
            texts=tuple(texts),
            golden=texts[-1] if golden is None else golden,
            steps=tuple(steps),
            management=management,
            may_cut=may_cut,
        )
        request = {"platform": platform, "asked": encode(asked), "limits": encode(self._limits)}
        try:
            said, why = self._ask(request)
        except (ParseError, UnsupportedPlatformError) as error:
            return unproven(f"not read as rules: {error.message}")
        return unproven(why[1]) if said is None else decode(HitlessProof, said["found"])

    def _ask(self, request: Mapping[str, object]) -> tuple[Mapping[str, object] | None, tuple[str, str]]:
        """Return the answer, or None with the kind and the text of why there is none.

        Raises:
            ParseError: a text is no configuration of the platform.
            UnsupportedPlatformError: the rules of this platform cannot be judged.
        """
        with self._child() as child:
            said = child.ask(json.dumps(request), self._limits)
            ended = child.ended
        if said is None:
            if ended in _BY_LIMIT:
                memory = self._limits.memory_bytes >> 20
                return None, ("budget", f"no answer within {self._limits.cpu_s:g} s of CPU time and {memory} MiB")
            return None, ("defect", f"the engine ended with status {ended} and no answer; please report it")
        if "error" in said:
            kind = _ERRORS.get(str(said["error"]), ParseError)
            raise kind(str(said["message"]), hint=str(said["hint"]))
        return said, ("", "")

    @contextlib.contextmanager
    def _child(self) -> Iterator["_Child"]:
        with self._lock:
            child = self._idle.pop() if self._idle else None
        child = child or _Child()
        try:
            yield child
        except BaseException:
            child.end()
            raise
        if child.is_alive:
            with self._lock:
                self._idle.append(child)


def _end_all(children: "list[_Child]") -> None:
    while children:
        children.pop().end()


class _Child:
    """One child process."""

    def __init__(self) -> None:
        command = [sys.executable, "-I", "-m", "murenger.adapters.engine.child"]
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, text=True
            )
        except OSError as error:
            raise MurengerError(f"the impact engine cannot be started: {error.strerror}") from error

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    @property
    def ended(self) -> int | None:
        """How it ended: its status, negative for a signal; None while it lives."""
        return self._process.poll()

    def ask(self, request: str, limits: Limits) -> dict[str, object] | None:
        """Return the answer, or None if the child died, used too much or did not answer; it is ended then."""
        answers: queue.SimpleQueue[str] = queue.SimpleQueue()

        def exchange() -> None:
            line = ""
            with contextlib.suppress(OSError, ValueError):
                if self._process.stdin is not None and self._process.stdout is not None:
                    self._process.stdin.write(request + "\n")
                    self._process.stdin.flush()
                    line = self._process.stdout.readline()
            answers.put(line)

        worker = threading.Thread(target=exchange, daemon=True)
        worker.start()
        try:
            said: object = json.loads(self._wait(answers, limits))
        except queue.Empty:
            said = None
            self.end()
        except ValueError:
            said = None
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=DYING_S)
            self.end()
        worker.join()
        return said if isinstance(said, dict) else None

    def _wait(self, answers: "queue.SimpleQueue[str]", limits: Limits) -> str:
        """Return the answer as soon as it is there.

        Raises:
            queue.Empty: it took too long or too much memory. The kernel could limit addresses only, and the engine
                reserves gigabytes of those that it never touches.
        """
        for _ in range(round(WALL_FACTOR * limits.cpu_s / LOOK_EVERY_S)):
            with contextlib.suppress(queue.Empty):
                return answers.get(timeout=LOOK_EVERY_S)
            if self._resident_bytes() > limits.memory_bytes:
                break
        raise queue.Empty

    def _resident_bytes(self) -> int:
        """Return how much memory the child has in use; 0 where the system does not say."""
        try:
            pages = pathlib.Path(f"/proc/{self._process.pid}/statm").read_text(encoding="ascii").split()[1]
        except (OSError, IndexError):
            return 0
        return int(pages) * resource.getpagesize()

    def end(self) -> None:
        """End the process and let its pipes go."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
