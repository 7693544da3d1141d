"""Taking a commit back over a new connection, where the device names pending commits and so can prove which is ours.

Input: an open connection with the heal credential, and the name of one commit. Output: whether the device reverted it.
Source: the device-side helper of napalm_nftables takes the commit's id and reverts no other; EOS aborts a session by
its name, whoever opened it. Junos does not name a pending commit, so there the timer decides.
"""

from collections.abc import Mapping
from typing import Protocol, cast

from murenger.adapters.napalm.candidates import SessionDriver, pending_session
from murenger.adapters.napalm.connection import Connection
from murenger.adapters.napalm.failures import change_error


class CommitNamingDriver(Protocol):
    """The part of the nftables driver that is needed, typed."""

    def pending_commit(self) -> Mapping[str, object] | None: ...  # noqa: D102 - the driver's own
    def rollback(self, commit_id: str | None = ...) -> None: ...  # noqa: D102


def take_back(connection: Connection, handle: str) -> bool:
    """Revert a pending commit, and tell whether it was there to be reverted.

    Args:
        connection: open, with the heal credential.
        handle: the commit's name on the device.

    Raises:
        MurengerError: the device would not, or the connection broke.
    """
    way = _of_session if connection.profile.named_candidate else _of_commit
    try:
        return connection.call("take back", lambda: way(connection, handle))
    except Exception as exc:
        raise change_error(exc, connection.device.name, connection.secrets) from exc


def _of_commit(connection: Connection, handle: str) -> bool:
    driver = cast("CommitNamingDriver", connection.driver)
    pending = driver.pending_commit()
    if pending is None or pending["id"] != handle:
        return False
    driver.rollback(handle)
    return True


def _of_session(connection: Connection, handle: str) -> bool:
    driver = cast("SessionDriver", connection.driver)
    if pending_session(driver) != handle:
        return False
    driver.config_session = handle
    connection.driver.discard_config()
    return True
