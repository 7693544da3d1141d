"""Open incidents: what people were told last of each, so that a restart tells nothing twice.

Input: what was told. Output: one small file for each open incident; lost with them is only that.
"""

import contextlib
import dataclasses
import json
import pathlib
import re

from murenger.adapters.files.notices import FOLDER
from murenger.adapters.files.private import private_folder, write_private
from murenger.errors import ConfigError, NotifyError
from murenger.model.incident import Incident, incident_from_json, incident_to_json
from murenger.record.store import read_regular

# A channel's name begins with a letter or digit.
_OPEN = "_open"
_FILE = re.compile(r"([A-Za-z0-9._-]*)~(inc_[0-9a-f]{32})\.json")
_MAX_BYTES = 256 * 1024


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What people know of an open incident.

    Attributes:
        topic: what it is about: drift, examination, control or ledger.
        incident: the last message.
        subject: what tells whether something else differs now.
        treatments: what was told of what is done about that subject.
    """

    topic: str
    incident: Incident
    subject: str
    treatments: tuple[str, ...]


class IncidentFiles:
    """The open incidents of one site.

    Args:
        state: the runner's state folder.
    """

    def __init__(self, state: pathlib.Path) -> None:
        self._folder = state / FOLDER / _OPEN

    def told(self, device: str, topic: str) -> tuple[Told, ...]:
        """Return the open incidents of a device ("" for none) and topic.

        Raises:
            NotifyError: the folder cannot be read.
        """
        return tuple(
            told
            for name, owner in self._names()
            if owner == device and (told := self._load(name)) is not None and told.topic == topic
        )

    def all_told(self, topic: str) -> tuple[Told, ...]:
        """Return the open incidents of a topic, whatever the device.

        Raises:
            NotifyError: the folder cannot be read.
        """
        found = (self._load(name) for name, _ in self._names())
        return tuple(told for told in found if told is not None and told.topic == topic)

    def keep(self, told: Told) -> None:
        """Remember what was told.

        Raises:
            NotifyError: the disk would not take it.
        """
        said = {
            "topic": told.topic,
            "incident": incident_to_json(told.incident),
            "subject": told.subject,
            "treatments": list(told.treatments),
        }
        try:
            write_private(private_folder(self._folder) / _name(told.incident), json.dumps(said).encode("utf-8"))
        except ConfigError as exc:
            raise NotifyError(f"an incident cannot be kept: {exc.message}", hint="is the disk full?") from exc

    def forget(self, incident: Incident) -> None:
        """Forget an incident that is over.

        Raises:
            NotifyError: its file cannot be removed.
        """
        try:
            (self._folder / _name(incident)).unlink(missing_ok=True)
        except OSError as exc:
            raise NotifyError(f"the folder {self._folder} cannot be written: {exc.strerror}") from exc

    def _names(self) -> tuple[tuple[str, str], ...]:
        """Return each file's name and the device it is about."""
        try:
            matches = [_FILE.fullmatch(path.name) for path in self._folder.iterdir()]
        except FileNotFoundError:
            return ()
        except OSError as exc:
            raise NotifyError(f"the folder {self._folder} cannot be read: {exc.strerror}") from exc
        return tuple(sorted((match[0], match[1]) for match in matches if match is not None))

    def _load(self, name: str) -> Told | None:
        path = self._folder / name
        try:
            said = json.loads(read_regular(path, _MAX_BYTES))
            return Told(
                topic=str(said["topic"]),
                incident=incident_from_json(said["incident"]),
                subject=str(said["subject"]),
                treatments=tuple(map(str, said["treatments"])),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            # What people were told is forgotten, so they are told again; were the file to stay, that would never end.
            with contextlib.suppress(OSError):
                path.unlink()
            return None


def _name(incident: Incident) -> str:
    return f"{incident.device}~{incident.id}.json"
