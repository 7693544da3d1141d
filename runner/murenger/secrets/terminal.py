"""Terminal safety, where the rest of what keeps screens safe is found.

Input: any text. Output: the same text with everything that is not plainly visible written as an escape.
"""

from murenger.model.terminal import escape_for_terminal

__all__ = ["escape_for_terminal"]
