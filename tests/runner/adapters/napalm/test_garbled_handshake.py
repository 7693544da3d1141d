"""An SSH hand-shake that arrives garbled is a device that cannot be reached, whatever the SSH library makes of it."""

import pathlib
import socket
import struct
import threading

import pytest

from murenger.adapters.napalm.identity import check_host_key
from murenger.errors import UnreachableError
from murenger.lab.material import known_hosts_line, write_ssh_key
from murenger.model import Device

KEX_INIT = 20
COOKIE_BYTES = 16


def packet(payload: bytes) -> bytes:
    """Return an SSH packet as it is sent before there is a key."""
    padding = 8 - (5 + len(payload)) % 8 + 8
    return struct.pack(">IB", 1 + len(payload) + padding, padding) + payload + bytes(padding)


@pytest.mark.parametrize("names", [b"\xc4\x41", b"\xff" * 40, b""])
def test_a_garbled_list_of_algorithms_is_no_answer(tmp_path: pathlib.Path, names: bytes) -> None:
    garbled = bytes([KEX_INIT]) + bytes(COOKIE_BYTES) + (struct.pack(">I", len(names)) + names) * 10 + bytes(5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def answer() -> None:
            link, _ = server.accept()
            with link:
                link.sendall(b"SSH-2.0-device\r\n" + packet(garbled))
                while link.recv(4096):
                    pass

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        key = write_ssh_key(tmp_path / "host_key", "srx1")
        known = tmp_path / "known_hosts"
        known.write_text(known_hosts_line("127.0.0.1", port, " ".join(key.split()[:2])), encoding="ascii")
        device = Device(name="srx1", platform="junos", address="127.0.0.1", port=port)
        with pytest.raises(UnreachableError, match="no SSH service answers"):
            check_host_key(device, port=port, known_hosts=known, timeout_s=5.0)
        thread.join(10)
