"""Port ConfigSource over text files: live configurations without a device.

Input: a folder with one file per device. Output: raw reads that say they came from a file.
"""

import pathlib

from murenger.errors import UnreachableError
from murenger.model import Device, PeerIdentity, RawRead
from murenger.ports import Clock


def read_text(path: pathlib.Path, device: Device, clock: Clock) -> RawRead:
    """Return one file as a raw read of a device.

    Args:
        path: full running configuration; bytes that are not UTF-8 are kept as surrogates.
        device: whose configuration it is.
        clock: says when it was read.

    Raises:
        UnreachableError: the file is missing or cannot be read.
    """
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as exc:
        raise UnreachableError(f"{path} cannot be read: {exc.strerror}", device=device.name) from exc
    return RawRead(
        text=text,
        platform=device.platform,
        hostname="",
        taken_at=clock.now(),
        identity=PeerIdentity.FILE,
        driver="file",
    )


class FileSource:
    """Configurations in a folder, one file named `<device>.conf` for each device.

    Args:
        folder: where the files lie.
        clock: says when they were read.
        suffix: what follows the device's name.
    """

    def __init__(self, folder: pathlib.Path, clock: Clock, *, suffix: str = ".conf") -> None:
        self._folder = folder
        self._clock = clock
        self._suffix = suffix

    def read(self, device: Device) -> RawRead:
        """Return the file of a device.

        Raises:
            UnreachableError: it is missing or cannot be read.
        """
        return read_text(self._folder / (device.name + self._suffix), device, self._clock)

    def canonicalise(self, device: Device, text: str) -> str:  # noqa: ARG002 - the port's signature
        """Return the text unchanged: there is no device software to ask."""
        return text
