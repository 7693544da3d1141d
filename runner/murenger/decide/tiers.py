"""Tiers: how grave a drift is, by what is proven of the traffic.

Input: a drift with its impact. Output: one tier. What an impact claims and its own evidence contradicts, or leaves
open, is unknown: no class is given without its proof.
"""

from murenger.model import Drift, Effect, Impact, Tier, Verdict

# An undecided condition that nobody can tell: it is known which packets it is about, so it may leave an effect proven.
_BOUNDED = "opaque"


def tier_of(drift: Drift) -> Tier:
    """Return the tier of a drift; each class needs its proof, and tightening needs that nothing may have been opened.

    Source: SEMANTICS, "Impact tiers": cosmetic and handling need that model and residue are equal; widening that some
    traffic was surely opened and none may have been closed; tightening the reverse; whatever is undecided is unknown.
    """
    if drift.in_sync:
        return Tier.NONE
    impact = drift.impact
    if impact.verdict is Verdict.EQUAL:
        return _without_effect(impact)
    if impact.verdict is Verdict.UNKNOWN or _is_open(impact):
        return Tier.UNKNOWN
    return _with_effect(impact)


def _is_open(impact: Impact) -> bool:
    """True if something is undecided that is more than a condition nobody can tell."""
    return any(why.partition(":")[0] != _BOUNDED for why in impact.unknowns)


def _without_effect(impact: Impact) -> Tier:
    differs = impact.opened or impact.closed or impact.flows_left or impact.unknowns
    if differs or impact.effect is not Effect.NONE:
        return Tier.UNKNOWN
    return Tier.HANDLING if impact.handling else Tier.COSMETIC


def _with_effect(impact: Impact) -> Tier:
    opens, closes = (any(flow.is_certain for flow in flows) for flows in (impact.opened, impact.closed))
    if impact.effect is Effect.WIDENS and opens and not impact.closed:
        return Tier.CROWN_JEWEL if impact.crown_jewel else Tier.WIDENING
    if impact.effect is Effect.TIGHTENS and closes and not impact.opened and not impact.crown_jewel:
        return Tier.TIGHTENING
    if impact.effect is Effect.BOTH and opens and closes:
        return Tier.MIXED
    return Tier.UNKNOWN
