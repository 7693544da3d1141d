"""NAPALM drivers, unmodified, behind the ports `ConfigSource` and `Remediator`.

Input: a device and a login. Output: raw reads, and changes with the device's own safety net. What is peculiar to a
driver is data in `profiles.py`; nothing here asks for a platform by name.
"""

from murenger.adapters.napalm.connection import Login, TimeLimits
from murenger.adapters.napalm.remediator import NapalmRemediator
from murenger.adapters.napalm.source import NapalmSource

__all__ = ["Login", "NapalmRemediator", "NapalmSource", "TimeLimits"]
