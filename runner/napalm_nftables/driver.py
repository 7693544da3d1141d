"""The driver that NAPALM loads.

Input: NAPALM's calls. Output: NAPALM's values and exceptions. Each method reads as its steps; how a step is done lies
in the module named after it.
"""

import getpass
import platform
import re
import secrets

from napalm.base.base import NetworkDriver
from napalm.base.exceptions import (
    CommandErrorException,
    CommitConfirmException,
    CommitError,
    MergeConfigException,
    ReplaceConfigException,
)
from napalm.base.models import AliveDict, ConfigDict, FactsDict

from napalm_nftables import commands
from napalm_nftables.candidate import candidate_text, check_candidate
from napalm_nftables.commands import unlisted
from napalm_nftables.commit_state import (
    Candidate,
    CommitReport,
    PendingCommit,
    check_revert_in,
    commit_texts,
    explain,
    read_report,
)
from napalm_nftables.device import Device, HelperUnavailableError, NftRefusedError, decode
from napalm_nftables.diff import unified
from napalm_nftables.facts import interfaces, uptime_s
from napalm_nftables.flows import FlowDeletion
from napalm_nftables.listing import Table, parse_listing
from napalm_nftables.loading import load_candidate
from napalm_nftables.options import read_options
from napalm_nftables.raising import raising
from napalm_nftables.sanitize import without_comments
from napalm_nftables.scratch import evaluate
from napalm_nftables.scrub import as_utf8, scrub_error
from napalm_nftables.transaction import policy_digest, policy_text, read_rollback
from napalm_nftables.transport import Transport

_RETRIEVE = ("all", "running", "candidate", "startup")
_COMMIT_ID = re.compile(r"[0-9a-f]{16}")


class NftablesDriver(FlowDeletion, NetworkDriver):  # type: ignore[misc] # napalm ships no types
    """A Linux firewall whose rules are nftables tables.

    Args:
        hostname: name or address of the device.
        username: login.
        password: its password; empty to log in by key.
        timeout: seconds for connecting, and for each command.
        optional_args: see `docs/reference/napalm-nftables.md`; the mapping is not changed.

    Attributes:
        commit_id: nonce of the commit this object made last; None before the first.
        device: the device-side helper.
    """

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: dict[str, object] | None = None,
    ) -> None:
        self.hostname = hostname
        self.username = username
        self.password = password
        self.timeout = timeout
        self.platform = "nftables"
        self.commit_id: str | None = None
        self._options = read_options(optional_args or {}, password)
        self._candidate: Candidate | None = None
        self._transport = Transport(
            host=hostname, username=username, password=password, timeout_s=timeout, options=self._options
        )
        self.device = Device(self._transport, self._options)

    def open(self) -> None:
        """Connect and log in.

        Raises:
            ConnectAuthError: the device refused the login.
            ConnectTimeoutError: it did not answer in time.
            ConnectionException: any other failure, an unexpected host key among them.
        """
        self._transport.open()

    def close(self) -> None:
        """Close the connection; a pending commit keeps its timer and reverts unless somebody confirms it."""
        self._candidate = None
        self._transport.close()

    def is_alive(self) -> AliveDict:
        """Say whether the connection is up."""
        return {"is_alive": self._transport.is_alive()}

    def cli(self, commands: list[str], encoding: str = "text") -> dict[str, str]:
        """Run read commands.

        Args:
            commands: each one of `napalm_nftables.commands.READ_COMMANDS`, as spelled there.
            encoding: `text`.

        Returns:
            Standard output by command.

        Raises:
            CommandErrorException: a command is not of that list, or failed; none is run if one is not of it.
            NotImplementedError: another encoding is asked for.
        """
        if encoding != "text":
            raise NotImplementedError(f"{encoding!r} is not a supported encoding")
        if refused := unlisted(commands):
            raise CommandErrorException(f"only read commands are run, not: {', '.join(refused)}")
        return {command: as_utf8(self._read(command)) for command in commands}

    def get_facts(self) -> FactsDict:
        """Say what the device is; there is no serial number to be had without more rights, so it is empty."""
        host = self._read(commands.HOST_NAME).strip()
        version = self._read(commands.NFT_VERSION).strip()
        try:
            uptime = uptime_s(self._read(commands.UPTIME))
        except ValueError as error:
            raise CommandErrorException(str(error)) from error
        return {
            "uptime": uptime,
            "vendor": "Linux",
            "model": "nftables",
            "hostname": host.partition(".")[0],
            "fqdn": host,
            "os_version": f"{version}, Linux {self._read(commands.KERNEL_RELEASE).strip()}",
            "serial_number": "",
            "interface_list": interfaces(self._read(commands.NETWORK_DEVICES)),
        }

    def get_config(
        self,
        retrieve: str = "all",
        full: bool = False,  # noqa: FBT001, FBT002, ARG002 - NAPALM's signature; a listing is always full
        sanitized: bool = False,  # noqa: FBT001, FBT002 - NAPALM's signature
        format: str = "text",  # noqa: A002 - NAPALM's signature
    ) -> ConfigDict:
        """Read configurations.

        Args:
            retrieve: `running` (every table, foreign ones too), `candidate` (what was loaded here, canonical),
                `startup` (what was confirmed last) or `all`.
            full: no difference; a listing holds everything.
            sanitized: replace comments, the only place where an nft rule set can hold a secret.
            format: `text`.

        Returns:
            The three texts; those not asked for are empty. With `all`, `startup` is empty too when this login may
            not read it.

        Raises:
            CommandErrorException: the device could not list, or its listing is not whole.
            NotImplementedError: another format is asked for; see `list_json`.
            ValueError: `retrieve` is none of the four.
        """
        if format != "text":
            raise NotImplementedError(f"{format!r} is not a supported format; list_json() reads JSON")
        if retrieve not in _RETRIEVE:
            raise ValueError(f"retrieve must be one of {', '.join(_RETRIEVE)}")
        config = ConfigDict(running="", startup="", candidate="")
        if retrieve in {"all", "running"}:
            config["running"] = as_utf8(self._listing()[0])
        if retrieve in {"all", "candidate"} and self._candidate is not None:
            config["candidate"] = as_utf8(self._candidate.text)
        if retrieve in {"all", "startup"}:
            config["startup"] = as_utf8(self._startup(must=retrieve == "startup"))
        if sanitized:
            with raising(CommandErrorException):
                return ConfigDict(**{name: without_comments(text) for name, text in config.items()})
        return config

    def list_json(self) -> str:
        """Read the rule set as JSON, a second witness to what `get_config` read as text.

        Returns:
            The output of `nft -s -j list ruleset`.

        Raises:
            CommandErrorException: the device could not list.
        """
        return as_utf8(self._read(commands.LIST_JSON))

    def canonicalise(self, text: str) -> str:
        """Let the device spell a rule set, in a network namespace that is thrown away.

        Args:
            text: nft text, under the same rules as a candidate.

        Returns:
            The listing it gives, tables sorted by family and name.

        Raises:
            ReplaceConfigException: the text is refused, by this driver or by nft.
            UnsupportedVersion: the device has no `unshare`.
        """
        with raising(ReplaceConfigException):
            check_candidate(text)
            tables = evaluate(self.device, text)
        return as_utf8("".join(table.text for table in sorted(tables, key=lambda table: table.name)))

    def load_replace_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        """Load what shall replace the managed tables; nothing on the device changes.

        Args:
            filename: file on this side; it wins over `config`.
            config: nft text.

        Raises:
            ReplaceConfigException: it is refused, by this driver or by nft; nothing was applied.
        """
        with raising(ReplaceConfigException):
            self._load(filename, config, merge=False)

    def load_merge_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        """Load what shall be added to the managed tables; nothing on the device changes.

        Args:
            filename: file on this side; it wins over `config`.
            config: nft text: tables, or commands such as `add rule inet filter input ...`.

        Raises:
            MergeConfigException: it is refused, by this driver or by nft; nothing was applied.
        """
        with raising(MergeConfigException):
            self._load(filename, config, merge=True)

    def compare_config(self) -> str:
        """Show what a commit would apply.

        Returns:
            A unified diff from live to candidate, of the managed tables; empty when they are equal or nothing is
            loaded. A commit succeeds only while the live side stays as shown here.

        Raises:
            CommandErrorException: the device could not list, or its listing is not whole.
        """
        candidate = self._candidate
        if candidate is None:
            return ""
        live = policy_text(self._listing()[1], candidate.names)
        self._candidate = Candidate(names=candidate.names, tables=candidate.tables, base_digest=policy_digest(live))
        return unified(as_utf8(live), as_utf8(candidate.text))

    def discard_config(self) -> None:
        """Forget the candidate; the device never heard of it."""
        self._candidate = None

    def commit_config(self, message: str = "", revert_in: int | None = None) -> None:
        """Put the candidate in place, in one transaction.

        Args:
            message: words kept with the commit on the device.
            revert_in: whole seconds, 1..86400, after which the device takes the commit back unless it is confirmed;
                None to apply for good and write the startup file.

        Raises:
            CommitConfirmException: `revert_in` is not such a number.
            CommitError: nothing is loaded, a commit is pending, the live rules changed, or the device refused.
            SessionLockedException: another session is changing the rules at this moment.
        """
        seconds = check_revert_in(revert_in)
        if self._candidate is None:
            raise CommitError("no candidate is loaded")
        if not isinstance(message, str):
            raise CommitError("the message of a commit is text")
        self._commit(self._candidate, message, seconds, is_rollback=False)
        self._candidate = None

    def confirm_commit(self, commit_id: str | None = None) -> None:
        """Keep a pending commit, and write the startup file; any connection may do it.

        Args:
            commit_id: confirm only this commit; without it the one this object made, or else whichever is pending.

        Raises:
            CommitError: none is pending (the device reverted it), or another one is.
        """
        with raising(CommitError):
            self.device.call("confirm", self._meant(commit_id))

    def has_pending_commit(self) -> bool:
        """Say whether a commit, ours or another's, waits for its confirmation.

        Raises:
            CommitConfirmException: the device's state cannot be read.
        """
        return self.pending_commit() is not None

    def pending_commit(self) -> PendingCommit | None:
        """Describe the commit that waits for its confirmation; None if there is none.

        Raises:
            CommitConfirmException: the device's state cannot be read.
        """
        with raising(CommitConfirmException):
            report = read_report(self.device.call("status").get("commit", ""))
        if report is None or report.outcome != "pending":
            return None
        return PendingCommit(id=report.id, message=report.message, seconds_left=report.seconds_left, who=report.who)

    def rollback(self, commit_id: str | None = None) -> None:
        """Bring back the rules from before the last commit.

        While it is pending the device reverts it now. After its confirmation the old rules are put back in a commit
        of their own, provided the live rules still are what the commit made. If the device has reverted it already,
        nothing is left to do.

        Args:
            commit_id: take back only this commit; without it the one this object made, or else the last one.

        Raises:
            CommitError: there is nothing to take back, the rules changed since, or the device refused.
        """
        with raising(CommitError):
            sections = self.device.call("last")
            report = read_report(sections.get("commit", ""))
            meant = self._meant(commit_id)
            if report is None or meant not in {"any", report.id}:
                raise CommitError("there is no such commit to take back")
            if report.outcome == "pending":
                self.device.call("revert", report.id)
            elif report.outcome == "confirmed":
                self._take_back(report, sections.get("rollback", ""))
            elif not report.restored:
                raise CommitError(explain("it cannot be taken back", report))

    def _take_back(self, report: CommitReport, rollback: str) -> None:
        if report.is_rollback:
            raise CommitError(f"nothing to take back: the last commit, {report.id}, was itself a rollback")
        tables = read_rollback(rollback)
        text = "".join(table.text for table in tables)
        try:
            tables = evaluate(self.device, text)
        except NftRefusedError:
            # Rules on an interface that only the real namespace has: they go back as they were listed.
            tables = read_rollback(rollback)
        candidate = Candidate(names=report.names, tables=tables, base_digest=report.after_digest)
        self._commit(candidate, f"rollback of {report.id}", 0, is_rollback=True)

    def _commit(self, candidate: Candidate, message: str, seconds: int, *, is_rollback: bool) -> None:
        commit_id = secrets.token_hex(8)
        author = f"{getpass.getuser()} at {platform.node()}"
        with raising(CommitError), self.device.exchange("commit", commit_id, str(seconds)) as exchange:
            self.device.refuse_other_settings(exchange)
            texts = commit_texts(candidate, exchange.sections, message=message, author=author, is_rollback=is_rollback)
            # Known before the answer: if the link breaks now, a rollback from this object still means this commit.
            former, self.commit_id = self.commit_id, commit_id
            try:
                self.device.answer(exchange, texts)
            except NftRefusedError:
                self.commit_id = former
                raise

    def _load(self, filename: str | None, config: str | None, *, merge: bool) -> None:
        self._candidate = None
        text = candidate_text(filename, config)
        live = self._listing()[1]
        self._candidate = load_candidate(self.device, text, live, self._options.tables, merge=merge)

    def _meant(self, commit_id: str | None) -> str:
        meant = commit_id or self.commit_id or "any"
        if meant != "any" and not _COMMIT_ID.fullmatch(meant):
            raise CommitError("a commit's id is 16 hexadecimal digits")
        return meant

    def _listing(self) -> tuple[str, tuple[Table, ...]]:
        text = self._read(commands.LIST_TEXT)
        with raising(CommandErrorException):
            return text, parse_listing(text)

    def _startup(self, *, must: bool) -> str:
        try:
            return self.device.call("startup").get("startup", "")
        except HelperUnavailableError as error:
            if must:
                raise CommandErrorException(str(error)) from error
            return ""

    def _read(self, command: str) -> str:
        line = commands.shell_line(command, nft=self._options.nft, sudo=self._transport.sudo)
        reply = self._transport.run(line)
        if reply.code != 0:
            reason = scrub_error(decode(reply.stderr))
            raise CommandErrorException(f"'{command}' failed with exit code {reply.code}: {reason}")
        return decode(reply.stdout)
