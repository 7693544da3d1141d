"""Real commands, run as their user would type them, shown as they speak, and kept in a log each.

Input: a command and the exit code that is expected. Output: what it printed; a failure when it ended otherwise.
"""

import concurrent.futures
import contextlib
import dataclasses
import os
import pathlib
import re
import selectors
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import IO

from murenger.lab.demo.failure import DemoError, DemoFailedError
from murenger.lab.demo.screen import Screen

SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
COMMAND_TIMEOUT_S = 150.0
_POLL_S = 0.2
_CHUNK_BYTES = 65536
# How long a command may be silent before its reader is told that it still works.
_QUIET_ON_TERMINAL_S, _QUIET_ELSEWHERE_S = 2.0, 15.0
# What is read after the command itself ended, from a child that it left behind.
_LEFT_BEHIND_S = 2.0
_PLAIN_WORD = re.compile(r"[a-z0-9][a-z0-9-]*")
_WORDS_IN_NAME = 3


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A command that ended as expected.

    Attributes:
        stdout: what it printed on standard output.
        log: file that holds everything it printed.
    """

    stdout: str
    log: pathlib.Path


def environment() -> Mapping[str, str]:
    """Return the environment of every command: this interpreter's own folder first, system folders last."""
    own = str(pathlib.Path(sys.executable).parent)
    path = os.pathsep.join((own, os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS))
    return {**os.environ, "PATH": path}


class Shell:
    """Runs commands in a folder.

    Args:
        screen: where they are shown.
        folder: where they run.
        logs: folder for their logs.
        timeout_s: seconds that any of them may take, > 0.
    """

    def __init__(
        self, screen: Screen, *, folder: pathlib.Path, logs: pathlib.Path, timeout_s: float = COMMAND_TIMEOUT_S
    ) -> None:
        self._screen = screen
        self.folder = folder
        self._logs = logs
        self._timeout_s = timeout_s
        self._count = 0
        self._environment = environment()

    def enter(self, name: str) -> None:
        """Go to a folder below."""
        self._screen.command(("cd", name))
        self.folder /= name

    def run(self, *words: str, expect: int = 0, stdin: str = "") -> Finished:
        """Run a command and show what it prints, as it prints it.

        Args:
            words: program and arguments.
            expect: the exit code it must have.
            stdin: file that it reads, or "".

        Returns:
            What it printed.

        Raises:
            DemoError: there is no such program.
            DemoFailedError: it ended otherwise, or not in time.
        """
        self._screen.command(words, stdin=stdin)
        shown = shlex.join(words)
        program, log = self._program(words[0]), self._new_log(words)
        source = self.folder / stdin if stdin else pathlib.Path(os.devnull)
        with log.open("w", encoding="utf-8", errors="backslashreplace") as file, source.open("rb") as given:
            file.write(f"$ {shown}{f' < {stdin}' if stdin else ''}\n")
            file.flush()
            began = time.monotonic()
            with self._started((program, *words[1:]), given) as child:
                stdout = self._follow(child, " ".join(words[:3]), file)
            file.write(f"[exit code {child.returncode} after {time.monotonic() - began:.1f} s]\n")
        self._screen.ended(child.returncode)
        if child.returncode != expect:
            raise DemoFailedError(
                f"`{shown}` ended with exit code {child.returncode}, where {expect} was expected; see {log}"
            )
        return Finished(stdout=stdout, log=log)

    def run_at_once(self, *commands: Sequence[str], timeout_s: float) -> tuple[Finished, ...]:
        """Run commands side by side; show them all, and when all have ended what each printed.

        Args:
            commands: program and arguments of each; each must end with 0.
            timeout_s: seconds that they may take together, > 0.

        Returns:
            What each printed, in their order.

        Raises:
            DemoError: there is no such program.
            DemoFailedError: one ended otherwise, or not in time.
        """
        for words in commands:
            self._screen.command(words)
        logs = [self._new_log(words) for words in commands]
        with contextlib.ExitStack() as stack:
            nothing = stack.enter_context(pathlib.Path(os.devnull).open("rb"))
            children = [
                stack.enter_context(self._started((self._program(words[0]), *words[1:]), nothing)) for words in commands
            ]
            pool = stack.enter_context(concurrent.futures.ThreadPoolExecutor(max_workers=len(children)))
            heard = [pool.submit(_all_printed, child) for child in children]
            try:
                self._wait_for(heard, " ".join(commands[0][:2]), timeout_s)
            except BaseException:
                for child in children:
                    _end(child)
                raise
            printed = [future.result() for future in heard]
            codes = [child.wait() for child in children]
        return tuple(
            self._told(words, lines, code, log)
            for words, lines, code, log in zip(commands, printed, codes, logs, strict=True)
        )

    def _wait_for(
        self, heard: Sequence[concurrent.futures.Future[tuple["_Printed", ...]]], what: str, limit: float
    ) -> None:
        began = time.monotonic()
        every_s = 1.0 if self._screen.is_terminal else _QUIET_ELSEWHERE_S
        tell_at = began + every_s
        while concurrent.futures.wait(heard, timeout=_POLL_S).not_done:
            now = time.monotonic()
            if now - began > limit:
                raise DemoFailedError(f"`{what}` and those beside it did not end within {limit:g} s")
            if now > tell_at:
                self._screen.still_waiting(what, now - began)
                tell_at = now + every_s

    def _told(self, words: Sequence[str], printed: Sequence["_Printed"], code: int, log: pathlib.Path) -> Finished:
        """Show and keep what a command printed that ran beside others."""
        shown = shlex.join(words)
        said = "".join(f"{item.line}\n" for item in printed)
        log.write_text(f"$ {shown}\n{said}[exit code {code}]\n", encoding="utf-8", errors="backslashreplace")
        for item in printed:
            # What it said of its progress is past; it is kept, and shown where it may tell what went wrong.
            if code or not item.is_message:
                self._screen.output(item.line, is_message=item.is_message)
        self._screen.ended(code)
        if code:
            raise DemoFailedError(f"`{shown}` ended with exit code {code}, where 0 was expected; see {log}")
        return Finished(stdout="".join(f"{item.line}\n" for item in printed if not item.is_message), log=log)

    def _program(self, name: str) -> str:
        program = shutil.which(name, path=self._environment["PATH"])
        if program is None:
            raise DemoError(f"{name} is not installed", hint=f"it is looked for in {self._environment['PATH']}")
        return program

    def _new_log(self, words: Sequence[str]) -> pathlib.Path:
        self._count += 1
        return self._logs / f"{self._count:02}-{_name(words)}.txt"

    @contextlib.contextmanager
    def _started(self, argv: Sequence[str], given: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
        # A session of its own: Ctrl-C then reaches this process alone, which ends the command before it tidies up.
        child = subprocess.Popen(
            argv,
            cwd=self.folder,
            env=self._environment,
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            yield child
        finally:
            _end(child)
            for pipe in (child.stdout, child.stderr):
                if pipe is not None:
                    pipe.close()

    def _follow(self, child: subprocess.Popen[bytes], what: str, log: IO[str]) -> str:
        """Pass on what a command prints, line by line, until it has ended; return its standard output."""
        said: list[str] = []
        quiet_s = _QUIET_ON_TERMINAL_S if self._screen.is_terminal else _QUIET_ELSEWHERE_S
        began = time.monotonic()
        tell_at = began + quiet_s
        for printed in _printed(child):
            now = time.monotonic()
            if now - began > self._timeout_s:
                raise DemoFailedError(f"`{what}` did not end within {self._timeout_s:g} s")
            if printed is not None:
                self._screen.output(printed.line, is_message=printed.is_message)
                log.write(f"{printed.line}\n")
                tell_at = now + quiet_s
                said += () if printed.is_message else (f"{printed.line}\n",)
            elif now > tell_at:
                self._screen.still_waiting(what, now - began)
                tell_at = now + (1.0 if self._screen.is_terminal else quiet_s)
        child.wait()
        return "".join(said)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Printed:
    """One line that a command printed; `is_message` is True on standard error."""

    line: str
    is_message: bool


def _all_printed(child: subprocess.Popen[bytes]) -> tuple[_Printed, ...]:
    return tuple(item for item in _printed(child) if item is not None)


def _printed(child: subprocess.Popen[bytes]) -> Iterator[_Printed | None]:
    """Yield each line as it comes, and None when none came for a moment, until the command and its pipes have ended."""
    rests: dict[int, bytes] = {}
    ended_at = 0.0
    with selectors.DefaultSelector() as selector:
        for pipe, is_message in ((child.stdout, False), (child.stderr, True)):
            if pipe is not None:
                selector.register(pipe, selectors.EVENT_READ, is_message)
        while selector.get_map():
            ready = selector.select(_POLL_S)
            for key, _ in ready:
                data = os.read(key.fd, _CHUNK_BYTES)
                *whole, rests[key.fd] = (rests.get(key.fd, b"") + data).split(b"\n")
                if not data:
                    selector.unregister(key.fileobj)
                    whole = [rests[key.fd]] if rests[key.fd] else []
                yield from (
                    _Printed(line=line.decode(errors="backslashreplace"), is_message=key.data) for line in whole
                )
            if not ready:
                yield None
            if child.poll() is not None:
                ended_at = ended_at or time.monotonic()
                if time.monotonic() - ended_at > _LEFT_BEHIND_S:
                    return


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a command that still runs: an interrupt first, on which murenger tidies up, then by force."""
    for number, patience_s in ((signal.SIGINT, 6.0), (signal.SIGTERM, 2.0), (signal.SIGKILL, 2.0)):
        if child.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(patience_s)


def _name(words: Sequence[str]) -> str:
    """Return a name for a command's log: `murenger golden accept fw1` gives `golden-accept-fw1`."""
    parts: list[str] = []
    for word in words[1:] if words[0] == "murenger" else words:
        if not _PLAIN_WORD.fullmatch(word) or len(parts) == _WORDS_IN_NAME:
            break
        parts.append(word)
    return "-".join(parts) or "command"
