"""The engine in a child process: hostile text and explosive rule sets can exhaust it, never us.

Input: two texts, or the states of a plan. Output: an `Impact`, or a `HitlessProof`.
"""

from murenger.adapters.engine.assessor import ChildAssessor

__all__ = ["ChildAssessor"]
