"""The SSH side: logins, the `netconf` subsystem, base:1.0 framing, and the faults of a bad link.

Input: connections. Output: replies of `rpc.Session`; a refused connection is cut before SSH says anything.
"""

import asyncio
import hmac
from typing import TypeAlias

import asyncssh

from murenger.lab.junos import xml
from murenger.lab.junos.access import refusal
from murenger.lab.junos.device import Device, Role
from murenger.lab.junos.errors import Complaint, JunosError
from murenger.lab.junos.rpc import Session

CHUNK_BYTES = 65536
LIMIT_BYTES = 64 * 1024 * 1024
Process: TypeAlias = "asyncssh.SSHServerProcess[bytes]"


class Door(asyncssh.SSHServer):
    """Lets logins in, as the committed configuration and `device.json` allow."""

    def __init__(self, device: Device, connections: set[asyncssh.SSHServerConnection]) -> None:
        self._device = device
        self._connections = connections
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Cut the connection where the device's own configuration does not admit it."""
        client = str(conn.get_extra_info("peername")[0])
        interface = self._device.settings.management_interface
        self._device.store.tick()
        reason = refusal(self._device.store.running, interface=interface, client=client)
        self._device.note(None, "connect" if reason is None else "refused", reason or client)
        if reason is not None:
            conn.abort()
            return
        self._connection = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        del exc
        if self._connection is not None:
            self._connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        """Ask every login for credentials."""
        del username
        return True

    def password_auth_supported(self) -> bool:
        """Offer passwords."""
        return True

    def public_key_auth_supported(self) -> bool:
        """Offer keys."""
        return True

    def validate_password(self, username: str, password: str) -> bool:
        """Compare with `device.json`; the login must also stand in the committed configuration."""
        user = self._device.settings.users.get(username)
        expected = user.password if user is not None else ""
        return hmac.compare_digest(expected.encode(), password.encode()) and self._is_configured(username)

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Compare with the keys in `device.json`."""
        user = self._device.settings.users.get(username)
        known = [asyncssh.import_public_key(text) for text in user.authorized_keys] if user is not None else []
        return key in known and self._is_configured(username)

    def _is_configured(self, username: str) -> bool:
        return (
            username in self._device.settings.users
            and self._device.store.running.get("system", "login", ("user", username)) is not None
        )


class NetconfServer:
    """Listens for NETCONF over SSH for one device."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._listener: asyncssh.SSHAcceptor | None = None
        self._connections: set[asyncssh.SSHServerConnection] = set()

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    async def start(self) -> int:
        """Listen.

        Returns:
            The TCP port.

        Raises:
            OSError: the address or port cannot be had.
            asyncssh.KeyImportError: the host key cannot be read.
        """
        settings = self._device.settings
        self._listener = await asyncssh.listen(
            settings.address,
            settings.port,
            server_factory=lambda: Door(self._device, self._connections),
            server_host_keys=[str(settings.host_key)],
            process_factory=self._serve,
            encoding=None,
            allow_scp=False,
            agent_forwarding=False,
        )
        return int(self._listener.get_port())

    async def stop(self) -> None:
        """Close the listener and every connection."""
        if self._listener is not None:
            self._listener.close()
            await self._listener.wait_closed()
        for connection in tuple(self._connections):
            connection.abort()
            await connection.wait_closed()

    async def _serve(self, process: Process) -> None:
        if process.subsystem != "netconf":
            process.stderr.write(b"only the netconf subsystem is emulated\n")
            process.exit(1)
            return
        name = str(process.get_extra_info("username"))
        role = self._device.settings.users[name].role
        session = Session(self._device, self._device.owner(name, "netconf"), may_write=role is not Role.READ)
        try:
            await self._converse(process, session)
        except (asyncssh.Error, OSError):
            self._device.note(session.owner, "closed", "the link broke")
        finally:
            self._device.store.end_session(session.owner)
            self._device.note(session.owner, "closed")
            process.exit(0)

    async def _converse(self, process: Process, session: Session) -> None:
        process.stdout.write(xml.hello(session.owner.session))
        buffer = b""
        while data := await process.stdin.read(CHUNK_BYTES):
            buffer += data
            if len(buffer) > LIMIT_BYTES:
                return
            while xml.DELIMITER in buffer:
                message, _, buffer = buffer.partition(xml.DELIMITER)
                if not await self._message(process, session, message):
                    return

    async def _message(self, process: Process, session: Session, message: bytes) -> bool:
        """Answer one message; False ends the session."""
        try:
            request = xml.parse_request(message)
        except ValueError as exc:
            complaint = Complaint(message=str(exc), tag="malformed-message")
            process.stdout.write(xml.reply("", xml.error(complaint)))
            return False
        if request is None:
            return True
        faults = self._device.faults
        detail = request.attributes()
        self._device.note(session.owner, request.name, " ".join(filter(None, (detail, *request.arguments()))))
        if faults.hits("drop-before", request.name):
            process.channel.get_connection().abort()
            return False
        reply = _reply(self._device, session, request)
        if faults.seconds():
            await asyncio.sleep(faults.seconds())
        if faults.hits("drop", request.name):
            process.stdout.write(reply[: len(reply) // 2])
            await process.stdout.drain()
            process.channel.get_connection().abort()
            return False
        process.stdout.write(reply)
        await process.stdout.drain()
        return request.name != "close-session"


def _ask_back(device: Device, rpc: str) -> None:
    """Ask a question that nobody expects, where a fault makes the device do so."""
    if device.faults.hits("prompt", rpc):
        raise JunosError(Complaint(message="proceed? [yes,no] (no)", bad_element=rpc))


def _reply(device: Device, session: Session, request: xml.Request) -> bytes:
    device.store.tick()
    try:
        _ask_back(device, request.name)
        return xml.reply(request.message_id, *session.answer(request))
    except JunosError as refused:
        errors = [xml.error(complaint) for complaint in refused.complaints]
        if request.name == "load-configuration":
            count = xml.element("load-error-count", str(len(errors)))
            return xml.reply(request.message_id, xml.element("load-configuration-results", *errors, count))
        return xml.reply(request.message_id, *errors)
