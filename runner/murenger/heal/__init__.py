"""Heal: apply a plan, look over a fresh connection, confirm or go back.

Input: a plan made before anything was touched. Output: an outcome that names which of the two states the device is in.
"""

from murenger.heal.apply import heal
from murenger.heal.plan import make_plan
from murenger.heal.settle import Unsettled, settle
from murenger.heal.steps import Step
from murenger.heal.tools import HealTools

__all__ = ["HealTools", "Step", "Unsettled", "heal", "make_plan", "settle"]
