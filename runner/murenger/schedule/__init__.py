"""Schedule: which devices are due, one check of a device at a time, the gravest heal first, and nothing dropped unseen.

Input: cadences and a clock. Output: calls of one pass per device, and counts that always add up.
"""

from murenger.schedule.census import Census, Tally
from murenger.schedule.due import Cadence, DueHeap, IntervalCadence
from murenger.schedule.runner import Counts, Runner
from murenger.schedule.turns import Turns

__all__ = ["Cadence", "Census", "Counts", "DueHeap", "IntervalCadence", "Runner", "Tally", "Turns"]
