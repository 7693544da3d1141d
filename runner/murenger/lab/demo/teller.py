"""What every step of the demonstration does: say something, run something, claim something.

Input: a working directory, a shell, a screen. Output: commands run, claims proved, or the first that was not.
"""

from murenger.lab.demo.failure import DemoFailedError
from murenger.lab.demo.place import Place
from murenger.lab.demo.screen import Screen
from murenger.lab.demo.shell import Finished, Shell

LAB = ("--dir", "../lab")


class Teller:
    """Tells steps.

    Args:
        place: the working directory.
        shell: runs the commands, in the working directory.
        screen: where the story is told.
    """

    def __init__(self, *, place: Place, shell: Shell, screen: Screen) -> None:
        self.place = place
        self.shell = shell
        self.screen = screen
        self.proved: list[str] = []

    def say(self, text: str) -> None:
        """Say something."""
        self.screen.words(text)

    def run(self, *words: str, expect: int = 0) -> Finished:
        """Run murenger; see `Shell.run`."""
        return self.shell.run("murenger", *words, expect=expect)

    def claim(self, text: str) -> None:
        """Say what was proved."""
        self.screen.proved(text)
        self.proved.append(text)

    def require(self, claim: str, holds: bool) -> None:  # noqa: FBT001 - reads as a sentence: require this claim, it holds
        """Go on only where a claim holds.

        Raises:
            DemoFailedError: it does not.
        """
        if not holds:
            raise DemoFailedError(f"it is not so that {claim}, by what the last command printed")
