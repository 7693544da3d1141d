"""Decide: may we act, now, on this drift, and on whose authority.

Input: a drift, the policy of its device, signed documents and the time. Output: one `Decision` with its reasons; the
documents that people sign; the golden revision that counts. Everything here is pure: the time is an argument.
"""

from murenger.decide.backoff import back_off, of_this_cause, since_healthy
from murenger.decide.decision import BY_PERSON_ONLY, decide
from murenger.decide.fields import author_key_fingerprint
from murenger.decide.fights import fight
from murenger.decide.golden import AcceptedRevision, resolve
from murenger.decide.plans import DEFAULT_TEST, PlanDocument, match_plan, parse_plan, plan_document
from murenger.decide.policy import DEFAULT_POLICY, policy_for
from murenger.decide.standing import parse_standing_change, standing_change_document
from murenger.decide.tiers import tier_of

__all__ = [
    "BY_PERSON_ONLY",
    "DEFAULT_POLICY",
    "DEFAULT_TEST",
    "AcceptedRevision",
    "PlanDocument",
    "author_key_fingerprint",
    "back_off",
    "decide",
    "fight",
    "match_plan",
    "of_this_cause",
    "parse_plan",
    "parse_standing_change",
    "plan_document",
    "policy_for",
    "resolve",
    "since_healthy",
    "standing_change_document",
    "tier_of",
]
