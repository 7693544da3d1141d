"""Schedule: which devices are due, one check of a device at a time, and no check dropped unseen.

Input: cadences and a clock. Output: calls of one pass per device, and counts that always add up.
"""

from murenger.schedule.census import Census, Tally
from murenger.schedule.due import Cadence, DueHeap, IntervalCadence
from murenger.schedule.runner import Counts, Runner

__all__ = ["Cadence", "Census", "Counts", "DueHeap", "IntervalCadence", "Runner", "Tally"]
