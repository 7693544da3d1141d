"""The parent's side: hands two texts to a warm child process and never waits longer than the budget allows.

Input: two texts. Output: an `Impact`; a child that dies or does not answer means unknown, and is replaced.
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
from collections.abc import Iterator

from murenger.adapters.engine.codec import decode, encode
from murenger.errors import MurengerError, ParseError, UnsupportedPlatformError
from murenger.model import Impact
from murenger.model.impact import undecided
from murenger.model.intent import Intents
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
    """Judges drifts in child processes; safe to be used by several threads at once.

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
            "limits": encode(self._limits),
        }
        with self._child() as child:
            said = child.ask(json.dumps(request), self._limits)
            ended = child.ended
        if said is None:
            if ended in _BY_LIMIT:
                memory = self._limits.memory_bytes >> 20
                return undecided("budget", f"no answer within {self._limits.cpu_s:g} s of CPU time and {memory} MiB")
            return undecided("defect", f"the engine ended with status {ended} and no answer; please report it")
        if "error" in said:
            kind = _ERRORS.get(str(said["error"]), ParseError)
            raise kind(str(said["message"]), hint=str(said["hint"]))
        return decode(Impact, said["impact"])

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
