"""Digests of very many records in little memory.

Input: numbers and digests, almost always in order. Output: the digest of a number.
"""

DIGEST_BYTES = 32


class Digests:
    """32 bytes a record, in one buffer as long as the numbers follow one another."""

    def __init__(self) -> None:
        self._first = 0
        self._buffer = bytearray()
        self._odd: dict[int, bytes] = {}

    def put(self, number: int, digests: bytes) -> None:
        """Remember the digests of records that follow one another, the newest word on each number.

        Args:
            number: of the first.
            digests: 32 bytes each.
        """
        if not self._buffer:
            self._first = number
        if number == self._first + len(self._buffer) // DIGEST_BYTES:
            self._buffer += digests
            return
        for place in range(0, len(digests), DIGEST_BYTES):
            self._odd[number + place // DIGEST_BYTES] = digests[place : place + DIGEST_BYTES]

    def get(self, number: int) -> bytes | None:
        """Return a record's digest, or None where none is known."""
        if number in self._odd:
            return self._odd[number]
        place = (number - self._first) * DIGEST_BYTES
        if not 0 <= place < len(self._buffer):
            return None
        return bytes(self._buffer[place : place + DIGEST_BYTES])
