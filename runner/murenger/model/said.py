"""What a small JSON file of ours says, read strictly: whoever damaged it must not be believed by half.

Input: a value as `json.loads` returns it. Output: the same as what it should be, or a `ValueError`.
"""

import datetime


def said_time(value: object) -> datetime.datetime:
    """Return a time that says its zone.

    Raises:
        ValueError: it is no such time.
    """
    at = datetime.datetime.fromisoformat(str(value))
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at


def said_count(value: object) -> int:
    """Return a whole number, >= 0.

    Raises:
        ValueError: it is anything else.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("no number")
    return value
