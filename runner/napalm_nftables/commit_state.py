"""Say what a commit is: what it replaces, what it was promised, and what became of it.

Input: a candidate, the helper's listings, the helper's report. Output: the texts of one commit, and a `CommitReport`.
The message of a commit travels as JSON in one line; the device stores it and never reads it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

from napalm.base.exceptions import CommitConfirmException, CommitError

from napalm_nftables.lexer import NftTextError
from napalm_nftables.listing import Table, TableName, parse_listing
from napalm_nftables.options import parse_table_name
from napalm_nftables.transaction import (
    policy_digest,
    policy_text,
    render_apply,
    render_rollback,
    render_startup,
)

MAXIMUM_REVERT_IN_S = 86400
"""Longest time until a revert, in seconds: one day."""


class PendingCommit(TypedDict):
    """A commit that waits for its confirmation."""

    id: str
    """Its nonce: 16 hexadecimal digits."""
    message: str
    """What its author wrote."""
    seconds_left: float
    """Seconds until the device reverts it; 0 when that is due."""
    who: str
    """The login on the device that made it, and where from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What a commit would put in place.

    Attributes:
        names: the managed tables; those without a table in `tables` are deleted.
        tables: the tables, canonical.
        base_digest: digest of the managed tables' policy that the difference was shown against.
    """

    names: tuple[TableName, ...]
    tables: tuple[Table, ...]
    base_digest: str

    @property
    def text(self) -> str:
        """The policy that would be in place, sorted."""
        return policy_text(self.tables, self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitReport:
    """What the device knows of the last commit.

    Attributes:
        id: its nonce.
        outcome: `pending`, `confirmed`, `fired` (the timer reverted it), `reverted` (by hand), `failed` or `lost`.
        restored: False when the way back was tried and nft refused it.
        seconds_left: seconds until the device reverts it; 0 unless pending.
        message: what its author wrote.
        who: the login that made it, and where from.
        names: its managed tables.
        after_digest: digest of the policy it put in place.
        is_rollback: it was itself a rollback.
    """

    id: str
    outcome: str
    restored: bool
    seconds_left: float
    message: str
    who: str
    names: tuple[TableName, ...]
    after_digest: str
    is_rollback: bool


def check_revert_in(revert_in: object) -> int:
    """Check the time until a revert.

    Args:
        revert_in: whole seconds, 1..86400, or None.

    Returns:
        The seconds; 0 for None, which means: at once and for good.

    Raises:
        CommitConfirmException: it is anything else; nothing is rounded.
    """
    if revert_in is None:
        return 0
    if isinstance(revert_in, bool) or not isinstance(revert_in, int) or not 1 <= revert_in <= MAXIMUM_REVERT_IN_S:
        raise CommitConfirmException(
            f"revert_in must be a whole number of seconds from 1 to {MAXIMUM_REVERT_IN_S}, not {revert_in!r}"
        )
    return revert_in


def commit_texts(
    candidate: Candidate, sections: Mapping[str, str], *, message: str, author: str, is_rollback: bool
) -> Mapping[str, str]:
    """Render what the helper needs for a commit.

    Args:
        candidate: what to put in place.
        sections: the helper's listings `full` and `stateless`, and the present `startup` file.
        message: the author's words; any text.
        author: who commits, and where from, as the controller knows it.
        is_rollback: the commit takes back another one.

    Raises:
        CommitError: the live policy is not the one that the difference was shown against, or the startup file is not
            ours to replace.
        NftTextError: a listing is not whole.
    """
    now = policy_digest(policy_text(parse_listing(sections["stateless"]), candidate.names))
    if now != candidate.base_digest:
        raise CommitError("the live rules changed since the candidate was compared with them; load and compare again")
    try:
        boot = render_startup(candidate.names, candidate.tables, sections["startup"])
    except NftTextError as error:
        raise CommitError(f"{error}; name another startup_file, and include it from that one") from error
    data = {
        "message": message,
        "author": author,
        "tables": [str(name) for name in candidate.names],
        "after": policy_digest(candidate.text),
        "is_rollback": is_rollback,
    }
    return {**check_texts(candidate, sections), "boot": boot, "data": json.dumps(data) + "\n"}


def check_texts(candidate: Candidate, sections: Mapping[str, str]) -> Mapping[str, str]:
    """Render both transactions of a commit.

    Args:
        candidate: what to put in place.
        sections: the helper's listing `full`.

    Raises:
        NftTextError: the listing is not whole.
    """
    live = parse_listing(sections["full"])
    return {
        "candidate": render_apply(candidate.names, candidate.tables, live),
        "rollback": render_rollback(candidate.names, live),
    }


def read_report(text: str) -> CommitReport | None:
    """Read the helper's report on the last commit.

    Args:
        text: `name=value` lines; empty when there was no commit.

    Raises:
        CommitConfirmException: the report is not what the helper writes.
    """
    if not text:
        return None
    fields = dict(line.split("=", 1) for line in text.split("\n") if "=" in line)
    try:
        data = json.loads(fields["data"])
        left = fields.get("left", "0")
        names = tuple(parse_table_name(str(name)) for name in data["tables"])
        return CommitReport(
            id=fields["id"],
            outcome=fields["outcome"],
            restored=fields.get("restored") != "no",
            seconds_left=0.0 if left == "lost" else max(0.0, int(left) / 100),
            message=str(data["message"]),
            who=f"{fields['user']} ({data['author']})",
            names=names,
            after_digest=str(data["after"]),
            is_rollback=data["is_rollback"] is True,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CommitConfirmException("the device's report on its last commit cannot be read") from error


def explain(words: str, report: CommitReport | None) -> str:
    """Word why a commit, confirm or revert was not possible.

    Args:
        words: the helper's own words.
        report: the last commit, if there was one.
    """
    match report:
        case None:
            return words
        case CommitReport(outcome="pending"):
            return f"{words}: {report.id} by {report.who}, reverts in {report.seconds_left:.0f} s"
        case CommitReport(outcome="fired", restored=True):
            return f"{words}: the device has reverted {report.id} because nobody confirmed it in time"
        case CommitReport(restored=False):
            return f"{words}: {report.id} ended as {report.outcome}, and nft refused the way back"
        case _:
            return f"{words}: the last one, {report.id}, ended as {report.outcome}"
