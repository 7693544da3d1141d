"""One login's command shell: exec commands, configuration modes and configuration sessions.

Input: commands of one request or one console visit, in order. Output: one result for each, or a refusal in the
vendor's words. Nothing of the shell outlives the request; pending sessions do.
"""

import dataclasses
import enum
import re
from collections.abc import Callable
from typing import TypeAlias

from murenger.lab.eos import patterns, render, shows, tree
from murenger.lab.eos.device import Account, Device
from murenger.lab.eos.editor import Editor, RefusedError, syntax_error
from murenger.lab.eos.passwords import verify
from murenger.lab.eos.shows import Json
from murenger.lab.eos.tokens import Words

_PRIVILEGED = 15
_READ_ONLY_ROLE = "network-operator"
_READ_WORDS = {"show", "enable", "disable", "end", "exit"}
_SHOW_TEXT = "show running-config [all] [sanitized]"
_SHOW_SESSION = "show session-config named <name:name> [sanitized]"
_SHOW_DIFFS = "show session-config named <name:name> diffs [sanitized]"


class Refusal(enum.Enum):
    """Why a command was refused; the value is its eAPI code and the words of its message."""

    GENERAL = (1000, "could not run command")
    INVALID = (1002, "invalid command")
    UNCONVERTED = (1003, "unconverted command")
    DENIED = (1005, "permission denied")


class CommandError(Exception):
    """A command that did not run.

    Attributes:
        refusal: why.
        messages: the vendor's lines, without a leading `%`.
    """

    def __init__(self, refusal: Refusal, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.refusal = refusal
        self.messages = messages


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a command gave: `json` for that format, where it has one, and `text`."""

    json: Json | None = None
    text: str = ""


_Handler: TypeAlias = Callable[[patterns.Captures, str | None], str | None]


class Shell:
    """A login at the exec prompt, which may enter configuration modes."""

    def __init__(self, device: Device, account: Account) -> None:
        self._device = device
        self._account = account
        self._privileged = account.privilege >= _PRIVILEGED
        self._editor: Editor | None = None
        self._session: str | None = None
        self._handlers: tuple[tuple[str, _Handler], ...] = (
            ("enable", self._enable),
            ("disable", self._disable),
            ("configure [terminal]", self._configure),
            ("configure session <name:name>", self._open_session),
            ("configure session <name:name> commit", self._commit),
            ("configure session <name:name> commit timer <timer:clock>", self._commit),
            ("configure session <name:name> abort", self._abort),
            ("configure replace <file:file>", self._replace),
            ("write [memory]", self._save),
            ("copy running-config startup-config", self._save),
            ("copy startup-config <file:file>", self._copy_startup),
            ("copy running-config <file:file>", self._copy_running),
        )

    def run(self, line: str, free_text: str | None = None, *, wants_json: bool = False) -> Result:
        """Run one command.

        Args:
            line: the command.
            free_text: what the command asks for besides: a banner, a comment, the enable password.
            wants_json: whether the caller needs the JSON form.

        Raises:
            CommandError: the command was refused; what it would have changed is unchanged.
        """
        words = Words(line)
        if not len(words) or words[0].startswith("!"):
            return Result(json={})
        if self._account.role == _READ_ONLY_ROLE and words[0] not in _READ_WORDS:
            raise CommandError(Refusal.DENIED, f"Authorization denied for command '{words.text}'")
        try:
            if words[0] == "show":
                return self._show(words, wants_json=wants_json)
            text = self._change(words, free_text)
        except RefusedError as exc:
            refusal = Refusal.INVALID if exc.is_syntax else Refusal.GENERAL
            raise CommandError(refusal, *exc.messages) from exc
        return Result(json={"messages": [text]} if text else {}, text=f"{text}\n" if text else "")

    def _change(self, words: Words, free_text: str | None) -> str:
        if words.text == "end":
            self._editor = self._session = None
            return ""
        if words.text == "exit":
            self._leave()
            return ""
        if self._editor is not None:
            if self._session is not None and self._in_session(words):
                return ""
            self._editor.enter(words.text, free_text)
            return ""
        return self._exec(words, free_text)

    def _leave(self) -> None:
        if self._editor is not None and self._editor.depth:
            self._editor.leave()
        else:
            self._editor = self._session = None

    def _in_session(self, words: Words) -> bool:
        """Run a command that exists only inside a configuration session."""
        name = str(self._session)
        if words.text == "rollback clean-config":
            self._device.sessions.get(name).config = tree.clean()
            self._editor = Editor(self._device.sessions.get(name).config)
        elif words.text == "abort":
            self._abort({"name": name}, None)
        elif words.text == "commit" or words.text.startswith("commit timer "):
            found = patterns.match("commit [timer <timer:clock>]", words, patterns.Trail())
            if found is None:
                return False
            self._commit({**found.captures, "name": name}, None)
        else:
            return False
        if words.text != "rollback clean-config":
            self._editor = self._session = None
        return True

    def _exec(self, words: Words, free_text: str | None) -> str:
        trail = patterns.Trail()
        for pattern, handler in self._handlers:
            if patterns.first_word(pattern) != words[0]:
                continue
            found = patterns.match(pattern, words, trail)
            if found is not None:
                if words[0] != "enable":
                    self._need_privilege()
                return handler(found.captures, free_text) or ""
        raise syntax_error(words, trail)

    def _need_privilege(self) -> None:
        if not self._privileged:
            raise RefusedError("Invalid input (privileged mode required)", is_syntax=True)

    def _enable(self, _captures: patterns.Captures, password: str | None) -> None:
        stored = self._device.running.child("enable password")
        if stored is not None and not self._privileged and not verify(password or "", stored.line.split()[-1]):
            raise RefusedError("Bad secret")
        self._privileged = True

    def _disable(self, _captures: patterns.Captures, _free_text: str | None) -> None:
        self._privileged = False

    def _configure(self, _captures: patterns.Captures, _free_text: str | None) -> None:
        self._editor = Editor(self._device.running)

    def _open_session(self, captures: patterns.Captures, _free_text: str | None) -> None:
        session = self._device.sessions.open(captures["name"], self._account.name)
        self._session = session.name
        self._editor = Editor(session.config)

    def _commit(self, captures: patterns.Captures, _free_text: str | None) -> None:
        timer = captures.get("timer")
        seconds = None
        if timer is not None:
            hours, minutes, rest = (int(part) for part in timer.split(":"))
            seconds = hours * 3600 + minutes * 60 + rest
        self._device.commit(captures["name"], self._account.name, timer_s=seconds)

    def _abort(self, captures: patterns.Captures, _free_text: str | None) -> None:
        self._device.sessions.abort(captures["name"])

    def _replace(self, captures: patterns.Captures, _free_text: str | None) -> None:
        self._device.replace_running(self._file(captures["file"]))

    def _file(self, name: str) -> str:
        text = self._device.flash.get(name.replace(":/", ":"))
        if text is None:
            raise RefusedError(f"Error: {name}: No such file or directory")
        return text

    def _save(self, _captures: patterns.Captures, _free_text: str | None) -> str:
        self._device.save_startup()
        return "Copy completed successfully."

    def _copy_startup(self, captures: patterns.Captures, _free_text: str | None) -> str:
        self._device.flash[captures["file"].replace(":/", ":")] = self._device.startup_text()
        return "Copy completed successfully."

    def _copy_running(self, captures: patterns.Captures, _free_text: str | None) -> str:
        text = self._device.text(self._device.running, "show running-config")
        self._device.flash[captures["file"].replace(":/", ":")] = text
        return "Copy completed successfully."

    def _show(self, words: Words, *, wants_json: bool) -> Result:
        command, _, pipe = (part.strip() for part in words.text.partition("|"))
        if wants_json and not pipe:
            answer = shows.JSON_SHOWS.get(command)
            if answer is not None:
                return Result(json=answer(self._device))
        text = self._show_text(Words(command))
        if wants_json:
            raise CommandError(Refusal.UNCONVERTED, "This is an unconverted command")
        return Result(text=_piped(text, pipe) if pipe else text)

    def _show_text(self, words: Words) -> str:
        simple = shows.TEXT_SHOWS.get(words.text)
        if simple is not None:
            if words.text == "show startup-config":
                self._need_privilege()
            return simple(self._device)
        if words.text in shows.JSON_SHOWS:
            raise RefusedError("This lab shows that command in JSON only")
        trail = patterns.Trail()
        for pattern, answer in (
            (_SHOW_TEXT, self._running),
            (_SHOW_SESSION, self._candidate),
            (_SHOW_DIFFS, self._differences),
        ):
            found = patterns.match(pattern, words, trail)
            if found is not None:
                self._need_privilege()
                return answer(words.text, found.captures)
        raise _unknown_show(words, trail)

    def _running(self, command: str, _captures: patterns.Captures) -> str:
        return shows.running_text(self._device, command)

    def _candidate(self, command: str, captures: patterns.Captures) -> str:
        return shows.config_text(self._device, self._device.sessions.get(captures["name"]).config, command)

    def _differences(self, command: str, captures: patterns.Captures) -> str:
        session = self._device.sessions.get(captures["name"])
        spell = render.sanitized if command.endswith(" sanitized") else shows.stable_spelling(self._device)
        return render.differences(self._device.running, session.config, session=session.name, spell=spell)


def _unknown_show(words: Words, trail: patterns.Trail) -> RefusedError:
    for known in (*shows.JSON_SHOWS, *shows.TEXT_SHOWS):
        patterns.match(known, words, trail)
    return syntax_error(words, trail)


def _piped(text: str, pipe: str) -> str:
    """Apply `include RE` or `section RE` to a command's text."""
    how, _, wanted = pipe.partition(" ")
    try:
        shape = re.compile(wanted)
    except re.error as exc:
        raise RefusedError("Error: Invalid regular expression") from exc
    lines = text.splitlines()
    if how == "include":
        return "".join(f"{line}\n" for line in lines if shape.search(line))
    if how != "section":
        raise RefusedError(f"Invalid input (at token 0: '{how}')", is_syntax=True)
    kept: list[str] = []
    section: list[str] = []
    for line in [*lines, "!"]:
        if section and not line.startswith(" "):
            kept += section if any(shape.search(one) for one in section) else []
            section = []
        if not line.startswith("!"):
            section.append(line)
    return "".join(f"{line}\n" for line in kept)
