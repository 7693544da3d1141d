"""What ends a demonstration early.

Input: what was expected and what came. Output: one line for its user, with an exit code.
"""

from murenger.errors import MurengerError


class DemoError(MurengerError):
    """The demonstration cannot begin here: something is missing, or an option is wrong."""


class DemoFailedError(DemoError):
    """A step did not do what it claims."""

    exit_code = 1


class StoppedError(BaseException):
    """A signal ends the demonstration; no handler of ordinary errors may swallow it.

    Args:
        number: the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
