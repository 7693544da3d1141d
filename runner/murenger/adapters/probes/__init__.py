"""Probes: how each kind is made, with a hard limit of time.

Input: a probe and a device. Output: a sighting; whatever goes wrong, too long a wait among it, is one.
"""

from murenger.adapters.probes.prober import Prober

__all__ = ["Prober"]
