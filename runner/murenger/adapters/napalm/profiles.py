"""What is peculiar to each NAPALM driver that we heal through, as data.

Input: a platform name. Output: how to connect, who checks the peer, which safety net there is.
Source: the drivers' own code (napalm 5.2.0) and the contract suite, which runs against each of them.
"""

import dataclasses
import pathlib
import ssl
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeAlias, cast

from murenger.errors import ConfigError, UnsupportedPlatformError
from murenger.model import Device, PeerIdentity, SafetyNet

OptionalArgs: TypeAlias = dict[str, object]


class _Pending(Protocol):
    """The part of our nftables driver that reads a message back."""

    def pending_commit(self) -> Mapping[str, object] | None: ...


class _Revision(Protocol):
    """An element of lxml's."""

    def itertext(self) -> Iterable[str]: ...


class _Rpc(Protocol):
    """The one remote call of PyEZ's that is needed."""

    def get_commit_revision_information(self, *, detail: bool) -> _Revision: ...


class _JunosDevice(Protocol):
    """PyEZ's device."""

    rpc: _Rpc


class _Junos(Protocol):
    """The part of NAPALM's junos driver that reads a message back."""

    device: _JunosDevice


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DriverProfile:
    """One driver's habits.

    Attributes:
        driver: NAPALM driver name.
        distribution: distribution whose version is the driver's.
        optional_args: makes a fresh `optional_args`, for drivers take keys out of what they are given.
        identity: who checks that the peer is the device.
        safety_net: how the device reverts by itself.
        revert_min_s: smallest revert time accepted.
        revert_max_s: largest revert time accepted.
        revert_step_s: revert times are multiples of this; a policy's time is rounded up to one.
        message_with_timer: True if a commit message may be given together with a revert time.
        shared_candidate: True if all administrators edit one candidate, so that foreign edits must be looked for.
        named_candidate: True if the candidate lies in a named session that outlives its connection.
        undo_committed: the driver method that undoes a committed and unconfirmed change.
        handle: the driver's attribute that names a commit on the device, so that another connection finds that very
            one and can take it back; "" where one pending commit cannot be told from another.
        flows: what the platform does with connections that a healed rule had admitted, where we cannot cut them.
        stored_message: reads back, from an open driver, the message of the last commit; None where there is none.
        late_confirm_is_silent: True if the device takes a confirmation after its timer for an ordinary commit.
        canonicalises: True if the device rewrites what it is given, and the driver can ask it how.
        read_args: further `optional_args` for a connection that only reads.
        change_args: further `optional_args` for a connection that changes the device.
    """

    driver: str
    distribution: str
    optional_args: Callable[[Device], OptionalArgs]
    identity: PeerIdentity
    safety_net: SafetyNet
    revert_min_s: int
    revert_max_s: int
    revert_step_s: int
    message_with_timer: bool
    shared_candidate: bool
    undo_committed: str
    flows: str
    handle: str = ""
    named_candidate: bool = False
    stored_message: Callable[[object], str] | None = None
    late_confirm_is_silent: bool = False
    canonicalises: bool = False
    read_args: tuple[tuple[str, object], ...] = ()
    change_args: tuple[tuple[str, object], ...] = ()


def label(device: Device, name: str) -> str:
    """Return a label of the device, or ""."""
    return dict(device.labels).get(name, "")


def known_hosts(device: Device) -> pathlib.Path:
    """Return the file with the device's SSH host key.

    Raises:
        ConfigError: the inventory names none, or it is not there.
    """
    named = label(device, "known_hosts")
    path = pathlib.Path(named) if named else pathlib.Path.home() / ".ssh" / "known_hosts"
    if not path.is_file():
        raise ConfigError(
            f"no known_hosts file at {path}, so the host key cannot be checked",
            device=device.name,
            hint="set murenger_known_hosts in the inventory to a file made with ssh-keyscan and checked by a person",
        )
    return path


def _nftables_args(device: Device) -> OptionalArgs:
    return {
        "port": device.port or 22,
        "ssh_strict": True,
        "alt_host_keys": True,
        "alt_key_file": str(known_hosts(device)),
        "sudo": label(device, "become") == "true",
    }


def _eos_args(device: Device) -> OptionalArgs:
    authority = label(device, "ca_file") or None
    try:
        context = ssl.create_default_context(cafile=authority)
    except OSError as exc:
        raise ConfigError(
            f"the certificate authority file {authority} cannot be read: {exc.strerror}",
            device=device.name,
            hint="set murenger_ca_file in the inventory to a PEM file",
        ) from exc
    return {"transport": "https", "port": device.port or 443, "enforce_verification": True, "context": context}


def _junos_args(device: Device) -> OptionalArgs:
    return {"port": device.port or 830}


def _nftables_message(driver: object) -> str:
    """Return the message of the pending commit, by the driver's own method."""
    pending = cast("_Pending", driver).pending_commit()
    return "" if pending is None else str(pending["message"])


def _junos_message(driver: object) -> str:
    """Return the comment of the newest commit, by the RPC that the driver itself uses to find a pending one."""
    revision = cast("_Junos", driver).device.rpc.get_commit_revision_information(detail=True)
    return " ".join(revision.itertext())


PROFILES = {
    "nftables": DriverProfile(
        driver="nftables",
        distribution="murenger",
        optional_args=_nftables_args,
        identity=PeerIdentity.HOST_KEY,
        safety_net=SafetyNet.DEVICE_TIMER,
        revert_min_s=1,
        revert_max_s=86400,
        revert_step_s=1,
        message_with_timer=True,
        shared_candidate=False,
        undo_committed="rollback",
        handle="commit_id",
        stored_message=_nftables_message,
        flows="",
        canonicalises=True,
        # A reading login has no right to the device-side helper; asking for it would only fill the firewall's logs.
        read_args=(("read_only", True),),
    ),
    "eos": DriverProfile(
        driver="eos",
        distribution="napalm",
        optional_args=_eos_args,
        identity=PeerIdentity.CERTIFICATE,
        safety_net=SafetyNet.NATIVE_CONFIRM,
        # The driver formats the time as HH:MM:SS and wraps at a day; below a minute confirming is a race.
        revert_min_s=60,
        revert_max_s=86399,
        revert_step_s=1,
        message_with_timer=False,
        shared_candidate=False,
        named_candidate=True,
        # `rollback()` would restore startup-config and write memory; aborting the session restores what ran before.
        undo_committed="discard_config",
        handle="config_session",
        flows="access lists here are stateless: there is no connection table",
    ),
    "junos": DriverProfile(
        driver="junos",
        distribution="napalm",
        optional_args=_junos_args,
        identity=PeerIdentity.PREFLIGHT,
        safety_net=SafetyNet.NATIVE_CONFIRM,
        revert_min_s=60,
        # Junos takes 1 to 65535 minutes; a day is more than any change window needs.
        revert_max_s=86400,
        revert_step_s=60,
        # A comment of ours would replace the text by which the driver recognises a pending commit.
        message_with_timer=False,
        shared_candidate=True,
        stored_message=_junos_message,
        late_confirm_is_silent=True,
        undo_committed="rollback",
        flows="sessions admitted by the drift live on unless the device has policy-rematch set",
        # Holding the lock for the whole session keeps other administrators out of the shared candidate until we
        # confirm; without it the driver's `confirm_commit` publishes whatever they have edited meanwhile.
        change_args=(("config_lock", True),),
    ),
}


def profile(platform: str) -> DriverProfile:
    """Return the profile of a platform.

    Raises:
        UnsupportedPlatformError: there is none; the message names those there are.
    """
    try:
        return PROFILES[platform]
    except KeyError:
        known = ", ".join(sorted(PROFILES))
        raise UnsupportedPlatformError(f"no NAPALM driver for platform {platform!r}", hint=f"one of {known}") from None
