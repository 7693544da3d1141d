"""Show what applying a candidate would do.

Input: two policy texts in canonical form. Output: a unified diff from live to candidate, empty when they are equal.
"""

import difflib


def unified(live: str, candidate: str) -> str:
    """Render the difference from live to candidate.

    Args:
        live: policy text of the device now.
        candidate: policy text that would be applied.

    Returns:
        A unified diff with three lines of context; `+` is what applying adds. Empty when both are equal.
    """
    lines = difflib.unified_diff(live.split("\n")[:-1], candidate.split("\n")[:-1], "live", "candidate", lineterm="")
    return "\n".join(lines)
