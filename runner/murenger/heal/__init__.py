"""Heal: apply a plan, look over a fresh connection, confirm or go back.

Input: a plan made before anything was touched. Output: an outcome that names which of the two states the device is in.
"""

from murenger.heal.apply import HealTools, heal
from murenger.heal.plan import make_plan
from murenger.heal.settle import settle

__all__ = ["HealTools", "heal", "make_plan", "settle"]
