"""What can go wrong in the lab, as one branch of the error tree.

Input: a reason and a hint. Output: the exception that the lab's command prints.
"""

from murenger.errors import MurengerError


class LabError(MurengerError):
    """The lab cannot do what was asked; the hint says what the operator can do about it."""
