"""Facts: what the past says under one heading, as the numbers of the records that say it.

Input: records as they are appended, or the numbers kept from an earlier run. Output: a value by key, read from its
record's own bytes when somebody asks. What is kept between two runs names records and never repeats what they say.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Generic, Protocol, TypeVar

from murenger.model import ChangeRecord, JsonValue

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which record says something.

    Attributes:
        sequence: the record's number.
        sha256: hex digest of its bytes.
    """

    sequence: int
    sha256: str


class Kept(Protocol):
    """Facts of any kind, to be kept between two runs."""

    def dump(self) -> dict[str, JsonValue]:
        """Return the numbers and digests of records by key."""
        ...

    def load(self, kept: JsonValue) -> None:
        """Take in what `dump` returned."""
        ...


class Facts(Generic[T]):
    """The newest word on each key.

    Args:
        read: reads the value out of the record that holds it, given also the key; None if it holds none.
        fetch: opens a record that an earlier run named; None if it was pruned since.
        holds_values: False to open the record each time, for values that are large and seldom asked for.
    """

    def __init__(
        self,
        read: Callable[[ChangeRecord, str], T | None],
        fetch: Callable[[Place], ChangeRecord | None],
        *,
        holds_values: bool = True,
    ) -> None:
        self._read = read
        self._fetch = fetch
        self._holds_values = holds_values
        self._places: dict[str, Place] = {}
        self._values: dict[str, T] = {}

    def take(self, key: str, record: ChangeRecord) -> None:
        """Let a record have the newest word on a key, if it says anything about it."""
        value = self._read(record, key)
        if value is None:
            return
        # Taken out first, so that keys stay in the order of the records that speak of them.
        self.drop(key)
        self._places[key] = Place(sequence=record.sequence, sha256=record.sha256)
        if self._holds_values:
            self._values[key] = value

    def drop(self, key: str) -> None:
        """Forget what was said about a key."""
        self._places.pop(key, None)
        self._values.pop(key, None)

    def get(self, key: str) -> T | None:
        """Return the newest word on a key, or None if there is none or its record was pruned."""
        place = self._places.get(key)
        if place is None or key in self._values:
            return self._values.get(key)
        record = self._fetch(place)
        value = self._read(record, key) if record is not None else None
        if value is None:
            self.drop(key)
        elif self._holds_values:
            self._values[key] = value
        return value

    def items(self) -> Iterator[tuple[str, T]]:
        """Yield each key with the newest word on it, in the order of the records."""
        for key in tuple(self._places):
            value = self.get(key)
            if value is not None:
                yield key, value

    def places(self) -> Mapping[str, Place]:
        """Return which record has the newest word on each key."""
        return self._places

    def dump(self) -> dict[str, JsonValue]:
        """Return the numbers and digests by key, to be kept until the next run."""
        return {key: [place.sequence, place.sha256] for key, place in self._places.items()}

    def load(self, kept: JsonValue) -> None:
        """Take in what `dump` returned in an earlier run.

        Raises:
            ValueError: it is not that.
        """
        if not isinstance(kept, dict):
            raise ValueError("no facts")  # noqa: TRY004 - callers handle one error
        self._values = {}
        self._places = {str(key): _place(value) for key, value in kept.items()}


def _place(value: JsonValue) -> Place:
    if not isinstance(value, list) or len(value) != 2:  # noqa: PLR2004 - number and digest
        raise ValueError("no place")
    sequence, sha256 = value
    if type(sequence) is not int or sequence < 0 or not isinstance(sha256, str):
        raise ValueError("no place")
    return Place(sequence=sequence, sha256=sha256)
