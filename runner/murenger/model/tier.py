"""Tiers: how grave a drift is, by what is proven of the traffic, and so what may be done about it without a person.

Input: the impact of a drift. Output: one word, by which decisions, queues and alarms are ordered.
"""

import enum


class Tier(enum.Enum):
    """How grave a drift is; the order is that of alarm, gravest first."""

    CROWN_JEWEL = "crown-jewel"
    """Proven: more passes, some of it to a crown jewel, and nothing less. Healed first and at once."""
    WIDENING = "widening"
    """Proven: more passes, and nothing less."""
    UNKNOWN = "unknown"
    """Something is undecided: an alarm as if it widened, and never changed without a person."""
    MIXED = "mixed"
    """Proven: some traffic was opened and some closed. A person decides."""
    TIGHTENING = "tightening"
    """Proven: less passes, and nothing more. Perhaps an incident responder's block: a person decides."""
    HANDLING = "handling"
    """Proven: the same packets pass; logging, a profile or the kind of reject differs."""
    COSMETIC = "cosmetic"
    """Proven: only text differs."""
    NONE = "none"
    """There is no drift."""

    @property
    def rank(self) -> int:
        """How late it may wait its turn: 0 for what is gravest."""
        return list(Tier).index(self)
