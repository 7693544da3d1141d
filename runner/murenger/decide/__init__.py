"""Decide: may we act, now, on this drift, and on whose authority.

Input: a drift, the policy of its device, signed documents and the time. Output: one `Decision` with its reasons; the
documents that people sign; the golden revision that counts. Everything here is pure: the time is an argument.
"""

from murenger.decide.decision import decide
from murenger.decide.fields import author_key_fingerprint
from murenger.decide.golden import AcceptedRevision, resolve
from murenger.decide.plans import PlanDocument, match_plan, parse_plan, plan_document
from murenger.decide.policy import DEFAULT_POLICY, policy_for
from murenger.decide.standing import parse_standing_change, standing_change_document

__all__ = [
    "DEFAULT_POLICY",
    "AcceptedRevision",
    "PlanDocument",
    "author_key_fingerprint",
    "decide",
    "match_plan",
    "parse_plan",
    "parse_standing_change",
    "plan_document",
    "policy_for",
    "resolve",
    "standing_change_document",
]
