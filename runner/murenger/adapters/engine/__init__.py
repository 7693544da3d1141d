"""The engine in a child process: hostile text and explosive rule sets can exhaust it, never us.

Input: two texts. Output: an `Impact`.
"""

from murenger.adapters.engine.assessor import ChildAssessor

__all__ = ["ChildAssessor"]
