"""Probes: what an operator wants to see before a change is confirmed.

Input: probes. Output: what was seen, in words that nobody has to trust.
"""

import dataclasses
from typing import Protocol

from murenger.model import Device
from murenger.model.probe import Probe


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What one probe saw.

    Attributes:
        passed: whether it is what must be seen.
        text: what was seen, or why nothing was; as the world said it, so neither bounded nor redacted.
    """

    passed: bool
    text: str = dataclasses.field(repr=False)


class Prober(Protocol):
    """Makes probes."""

    def probe(self, device: Device, probe: Probe) -> Sighting:
        """Make one probe, in no more than its `limit_s`; never raises for what the world says or does not say."""
        ...
