"""Observe: what does the device run now?

Input: a device and a way to read it. Output: a snapshot that is whole, canonical and without secrets, or an error;
never a guess.
"""

from murenger.observe.canonical import canonical
from murenger.observe.expected import golden_snapshot
from murenger.observe.observation import LastGood, Observation, observe

__all__ = ["LastGood", "Observation", "canonical", "golden_snapshot", "observe"]
