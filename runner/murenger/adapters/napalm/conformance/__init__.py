"""What a driver really does: tried on a device, one check at a time, each change harmless and taken back.

Input: a device and its heal credential. Output: a `Capability`, unsigned; `adapters.files.capabilities` signs it.
"""

from murenger.adapters.napalm.conformance.suite import Conformance, ConformanceRun, Progress

__all__ = ["Conformance", "ConformanceRun", "Progress"]
