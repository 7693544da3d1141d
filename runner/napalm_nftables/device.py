"""Speak with the device-side helper: call a verb, hand it texts, read its answer.

Input: a verb, arguments and texts. Output: the helper's texts, or the NAPALM exception its exit code stands for. With
sudo the helper is the installed root-owned file; without, its text is sent with each call, so nothing is installed and
a reading account leaves nothing on the device.
"""

import secrets
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files

from napalm.base.exceptions import (
    CommandErrorException,
    CommitError,
    ConnectionException,
    SessionLockedException,
    UnsupportedVersion,
)

from napalm_nftables.commands import ENVIRONMENT
from napalm_nftables.options import Options
from napalm_nftables.scrub import scrub_error, visible
from napalm_nftables.transport import Conversation, Reply, Transport

# Read byte by byte, so that what follows the script on standard input is left for the script to read.
_BOOT = 'eval "$(dd bs=1 count={size} 2>/dev/null)"'
_NO_HELPER_CODES = (126, 127)
_CHANGES = ("commit", "confirm", "revert")
_HELPER_NAME = "murenger-nft"


class HelperUnavailableError(Exception):
    """The helper is not installed, or sudo does not allow this account to run it."""


class NftRefusedError(Exception):
    """nft refused a text; the message is safe to repeat."""


class PendingError(Exception):
    """The pending commit is not what the call needs: there is one, there is none, or it is another.

    Attributes:
        report: the helper's report on the last commit, `name=value` lines.
    """

    def __init__(self, message: str, report: str) -> None:
        """Carry the helper's report along."""
        super().__init__(message)
        self.report = report


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A helper that has spoken and waits for texts.

    Attributes:
        sections: its texts by name.
        conversation: the running command.
        mark: the nonce that separates texts.
    """

    sections: Mapping[str, str]
    conversation: Conversation
    mark: str


def helper_text() -> str:
    """Return the device-side script, as shipped."""
    return files("napalm_nftables").joinpath("device.sh").read_text(encoding="utf-8")


def decode(data: bytes) -> str:
    """Decode bytes of a device so that encoding them again gives the same bytes.

    Args:
        data: UTF-8, or anything else.
    """
    return data.decode("utf-8", "surrogateescape")


class Device:
    """The helper of one device.

    Args:
        transport: an open connection.
        options: the driver's options.
    """

    def __init__(self, transport: Transport, options: Options) -> None:
        self._transport = transport
        self._options = options
        self._script = helper_text().encode()
        self._unavailable: HelperUnavailableError | None = None

    def call(self, verb: str, *arguments: str) -> Mapping[str, str]:
        """Call a verb that takes no texts.

        Args:
            verb: `status`, `last`, `startup`, `confirm` or `revert`.
            arguments: its arguments.

        Returns:
            Its texts by name.

        Raises:
            HelperUnavailableError, NftRefusedError, PendingError: what its exit code stands for.
            NapalmException: likewise, for locks, lost connections and time limits.
        """
        mark = secrets.token_hex(16)
        with self._start(mark, verb, arguments, raised=True) as conversation:
            reply = conversation.finish()
        return self._result(reply, mark)

    def send(self, verb: str, *arguments: str, texts: Mapping[str, str], raised: bool = True) -> Mapping[str, str]:
        """Call a verb that takes texts and says nothing before them.

        Args:
            verb: `scratch`.
            arguments: its arguments.
            texts: text by name.
            raised: use sudo and the installed helper where the options say so.

        Raises:
            HelperUnavailableError, NftRefusedError, PendingError: what its exit code stands for.
            NapalmException: likewise, for locks, lost connections and time limits.
        """
        with self.exchange(verb, *arguments, raised=raised) as exchange:
            return self.answer(exchange, texts)

    def refuse_other_settings(self, exchange: Exchange) -> None:
        """Refuse a helper whose paths are not those the caller named.

        Args:
            exchange: the helper, before its answer.

        Raises:
            CommitError: a path differs.
        """
        settings = dict(line.split("=", 1) for line in exchange.sections["settings"].split("\n") if "=" in line)
        for name, value in self._options.wishes.items():
            if settings.get(name) != value:
                raise CommitError(f"{name} is {value} here, but the helper on the device uses {settings.get(name)}")

    @contextmanager
    def exchange(self, verb: str, *arguments: str, raised: bool = True) -> Iterator[Exchange]:
        """Call a verb that speaks first; leaving without an answer makes it give up.

        Args:
            verb: `check`, `commit` or `scratch`.
            arguments: its arguments.
            raised: use sudo and the installed helper where the options say so.

        Raises:
            HelperUnavailableError, NftRefusedError, PendingError: what its exit code stands for.
            NapalmException: likewise, for locks, lost connections and time limits.
        """
        mark = secrets.token_hex(16)
        with self._start(mark, verb, arguments, raised=raised) as conversation:
            spoken = conversation.read_until(f"{mark} go".encode())
            if spoken is None:
                self._result(conversation.finish(), mark)
                raise ConnectionException("the device's helper ended before its turn")
            yield Exchange(sections=_split(decode(spoken), mark), conversation=conversation, mark=mark)

    def answer(self, exchange: Exchange, texts: Mapping[str, str]) -> Mapping[str, str]:
        """Give a waiting helper its texts and read what it did.

        Args:
            exchange: the helper.
            texts: text by name.

        Returns:
            Its texts by name.

        Raises:
            HelperUnavailableError, NftRefusedError, PendingError: what its exit code stands for.
            NapalmException: likewise, for locks, lost connections and time limits.
        """
        parts = [
            f"{exchange.mark} {name}\n{text}" + ("" if text.endswith("\n") or not text else "\n")
            for name, text in texts.items()
        ]
        payload = "".join((*parts, f"{exchange.mark} end\n")).encode("utf-8", "surrogateescape")
        exchange.conversation.send(payload, end=True)
        return self._result(exchange.conversation.finish(), exchange.mark)

    def _start(self, mark: str, verb: str, arguments: tuple[str, ...], *, raised: bool) -> Conversation:
        options = self._options
        if options.read_only and (verb in _CHANGES or (raised and options.helper is not None)):
            raise HelperUnavailableError("this login may only read (option read_only)")
        if options.helper is not None and raised:
            if self._unavailable is not None:
                # sudo reports every refusal to the administrator; one per connection is enough.
                raise self._unavailable
            return self._transport.converse(
                shlex.join((*ENVIRONMENT, *self._transport.sudo, options.helper, mark, verb, *arguments))
            )
        boot = _BOOT.format(size=len(self._script))
        settings = (options.state_dir, options.startup_file, options.nft)
        conversation = self._transport.converse(
            shlex.join((*ENVIRONMENT, "sh", "-c", boot, _HELPER_NAME, *settings, mark, verb, *arguments))
        )
        conversation.send(self._script, end=False)
        return conversation

    def _result(self, reply: Reply, mark: str) -> Mapping[str, str]:
        sections = _split(decode(reply.stdout), mark)
        if reply.code != 0:
            raise self._error(reply, sections)
        if "done" not in sections:
            raise ConnectionException("the device's helper ended without saying that it was done")
        return sections

    def _error(self, reply: Reply, sections: Mapping[str, str]) -> Exception:
        stderr = decode(reply.stderr)
        own_words = visible(stderr.strip().rpartition("\n")[2])
        unreached = reply.code in _NO_HELPER_CODES or "sudo:" in stderr or "not allowed" in stderr
        if self._options.helper is not None and unreached:
            self._unavailable = HelperUnavailableError(
                f"the helper {self._options.helper} cannot be run: install it with 'python -m napalm_nftables', "
                "owned by root, mode 0755, and allow this login to run it with sudo"
            )
            return self._unavailable
        error: Exception
        match reply.code:
            case 66 | 67 | 68:
                error = NftRefusedError(scrub_error(stderr))
            case 69:
                error = UnsupportedVersion(own_words)
            case 70:
                error = CommandErrorException(f"the rule set cannot be listed: {scrub_error(stderr)}")
            case 71 | 78 | 81 | 82:
                error = CommitError(own_words)
            case 75:
                error = SessionLockedException("another session is changing this device's rules")
            case 76 | 77:
                error = PendingError(own_words, sections.get("commit", ""))
            case _:
                error = CommandErrorException(f"the device's helper failed with exit code {reply.code}: {own_words}")
        return error


def _split(text: str, mark: str) -> Mapping[str, str]:
    """Cut the helper's output into its texts."""
    sections: dict[str, str] = {}
    head = f"{mark} "
    name = ""
    lines: list[str] = []
    for line in (*text.removesuffix("\n").split("\n"), head):
        if line.startswith(head):
            sections[name] = "".join(lines)
            name, lines = line.removeprefix(head).strip(), []
        else:
            lines.append(line + "\n")
    return sections
