"""The port `RuleParser`: how a configuration's text becomes rules.

Input: text. Output: a `Ruleset`. The port lives here, not in `murenger.ports`, because its value does.
"""

from typing import Protocol

from murenger.semantics.ir import Ruleset


class RuleParser(Protocol):
    """Reads configurations of one platform; pure, and never trusts its input."""

    def parse(self, text: str) -> Ruleset:
        """Return what a whole configuration means.

        Two texts that a device treats alike need not give equal rulesets, but two rulesets that are equal, residue
        included, must be of texts that the device treats alike: each line of the text is in the model, in the residue,
        or on the list of what is known to be harmless (comments, descriptions, banners).

        Args:
            text: canonical text or as the device lists it; may be hostile.

        Raises:
            ParseError: it is no configuration of the platform, or too large or deep to read; the message names the
                line where there is one. Never any other error.
        """
        ...
