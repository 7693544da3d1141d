"""Checks of reading: is what the driver returns whole, the device's own, and the same each time?

Input: a subject. Output: what was seen; the first read becomes the state that all other checks begin and end in.
"""

from murenger.adapters.napalm.conformance.subject import NotProvedError, Subject
from murenger.dialects import dialect
from murenger.model.capability import ProofName


class WholeRead:
    """Proves that two reads over two connections are whole and the same, and that they are this very device's."""

    name = ProofName.WHOLE_READ

    def run(self, subject: Subject) -> str:
        """Return what was seen.

        Raises:
            NotProvedError: the reads differ, are empty, or are of another device.
            ObserveError: a read is not whole.
        """
        first, second = subject.state(), subject.state()
        text = first.snapshot.text
        if not text.strip():
            raise NotProvedError("the device lists nothing, so nothing shows whether a read is whole")
        if first.snapshot.digest != second.snapshot.digest:
            raise NotProvedError("two reads of an unchanged device differ")
        self._refuse_another(subject, text)
        if subject.change.mark in text:
            raise NotProvedError(f"{subject.change.mark} is in the configuration already: remove it")
        subject.home = first
        return f"two reads over new connections, {len(text.splitlines())} lines each, are the same"

    def _refuse_another(self, subject: Subject, text: str) -> None:
        pattern = dialect(subject.device.platform).hostname
        found = pattern.search(text) if pattern else None
        expected = dict(subject.device.labels).get("hostname", subject.device.name)
        if found and found["name"].partition(".")[0].casefold() != expected.partition(".")[0].casefold():
            raise NotProvedError(f"the configuration is of {found['name']}, not of {expected}")
