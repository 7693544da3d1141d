"""The pre-flight host key check, for drivers that cannot check it themselves.

Input: address, port and known_hosts. Output: nothing, or an error: the key exchange is run and broken off before login.
"""

import pathlib
import socket

import paramiko

from murenger.errors import IdentityError, UnreachableError
from murenger.model import Device


def check_host_key(device: Device, *, port: int, known_hosts: pathlib.Path, timeout_s: float) -> None:
    """Compare the SSH host key of the peer with the known one.

    Args:
        device: whose address is asked.
        port: TCP port of the SSH service.
        known_hosts: file in OpenSSH's format; ports other than 22 as `[address]:port`.
        timeout_s: seconds for connection and key exchange, > 0.

    Raises:
        IdentityError: the key is not in the file, or is another.
        UnreachableError: nobody answers, or the answer is not SSH.
    """
    name = device.address if port == paramiko.config.SSH_PORT else f"[{device.address}]:{port}"
    known = paramiko.HostKeys(str(known_hosts)).lookup(name)
    if known is None:
        raise IdentityError(
            f"there is no host key for {name} in {known_hosts}",
            device=device.name,
            hint="add it with ssh-keyscan and compare it with the device's owner",
        )
    try:
        offered = _offered_key(device.address, port, tuple(known), timeout_s)
    except Exception as exc:  # paramiko lets through whatever its parser stumbles over
        raise UnreachableError(
            f"no SSH service answers at {name}: {exc}",
            device=device.name,
            hint="check address, port, platform and the path",
        ) from exc
    if known.get(offered.get_name()) != offered:
        raise IdentityError(
            f"the host key of {name} is not the known one",
            device=device.name,
            hint="the device was replaced, or somebody is in between; ask its owner before you change known_hosts",
        )


def _offered_key(address: str, port: int, key_types: tuple[str, ...], timeout_s: float) -> paramiko.PKey:
    with socket.create_connection((address, port), timeout=timeout_s) as link:
        transport = paramiko.Transport(link)
        try:
            options = transport.get_security_options()
            # Ask for a type that we know; otherwise a second key of the same device would look like a stranger's.
            wanted = [kind for kind in options.key_types if kind in _signature_names(key_types)]
            if wanted:
                options.key_types = wanted
            transport.start_client(timeout=timeout_s)
            return transport.get_remote_server_key()
        finally:
            transport.close()


def _signature_names(key_types: tuple[str, ...]) -> set[str]:
    names = set(key_types)
    if "ssh-rsa" in names:
        names |= {"rsa-sha2-512", "rsa-sha2-256"}
    return names
