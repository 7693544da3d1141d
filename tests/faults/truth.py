"""What is true of a device, by the lab's own door: never through a login, the wire or the product's connections.

Input: a bench. Output: digests comparable with the ledger's, and what was left lying on the device.
"""

import dataclasses
import datetime
from collections.abc import Callable

from tests.contracts.devices.benches import Bench

from murenger.errors import MurengerError
from murenger.model import Device, PeerIdentity, RawRead
from murenger.observe import canonical
from murenger.secrets import Fingerprinter

ODD = "not a whole configuration"
_KNOWN: dict[tuple[str, str], str] = {}
_MOST = 4000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The state of a device.

    Attributes:
        running: digest of what it runs.
        startup: digest of what it would boot with, or "" where it has no such thing.
        pending: what waits for confirmation, or "".
        left: candidates and locks of ours that are still there.
        struck: which lies it told so far, and how often.
    """

    running: str
    startup: str
    pending: str
    left: tuple[str, ...]
    struck: tuple[tuple[str, int], ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Tells the truth about one device.

    Attributes:
        bench: the lab's door.
        device: as the inventory names it.
        fingerprinter: makes digests comparable with the ledger's.
    """

    bench: Bench
    device: Device
    fingerprinter: Fingerprinter

    def digest(self, text: str) -> str:
        """Return the digest of a configuration; a word for what is none."""
        raw = RawRead(
            text=text,
            platform=self.device.platform,
            hostname=self.device.name,
            taken_at=datetime.datetime.now(tz=datetime.UTC),
            identity=PeerIdentity.HOST_KEY,
            driver="lab",
        )
        key = (self.device.name, text)
        if key not in _KNOWN:
            if len(_KNOWN) > _MOST:
                _KNOWN.clear()
            try:
                _KNOWN[key] = canonical(raw, self.device, self.fingerprinter)[0].digest
            except MurengerError:
                _KNOWN[key] = ODD
        return _KNOWN[key]

    def truth(self) -> Truth:
        """Look."""
        tell: dict[str, Callable[[], Truth]] = {"fw1": self._firewall, "leaf1": self._switch, "srx1": self._gateway}
        return tell[self.device.name]()

    def _firewall(self) -> Truth:
        shell: Callable[[str], str] = self.bench.shell  # type: ignore[attr-defined]  # fw1 alone has one
        listed = shell("ls /run/murenger-nft 2>/dev/null; true")
        pending = " ".join(name for name in listed.split() if name.startswith("pending."))
        return Truth(
            # Past whatever stands in front of nft and lies.
            running=self.digest(shell("PATH=/usr/sbin:/usr/bin:/sbin:/bin nft -s list ruleset")),
            # Its startup file is a script, not a listing.
            startup="",
            pending=pending,
            left=(),
            struck=(),
        )

    def _switch(self) -> Truth:
        said = self.bench.ask("config")
        sessions, struck = said["sessions"], said["struck"]
        assert isinstance(sessions, list)
        assert isinstance(struck, dict)
        ours = [
            f"session {one['name']} {one['state']}"
            for one in sessions
            if str(one["name"]).startswith("murenger_") and one["state"] != "completed"
        ]
        return Truth(
            running=self.digest(str(said["text"])),
            startup=self.digest(self.bench.startup().replace("show startup-config", "show running-config", 1)),
            pending=str(said["pending"] or ""),
            left=tuple(ours),
            struck=tuple(struck.items()),
        )

    def _gateway(self) -> Truth:
        said = self.bench.ask("config")
        struck = said["struck"]
        assert isinstance(struck, dict)
        left = [f"lock of {said['lock']}"] if str(said["lock"] or "").startswith("murenger") else []
        if said["candidate"] != said["text"]:
            left.append("uncommitted edits")
        return Truth(
            running=self.digest(str(said["text"])),
            startup="",
            pending=str(said["pending"] or ""),
            left=tuple(left),
            struck=tuple(struck.items()),
        )
