"""Take comments out of nft text.

Input: nft text. Output: the same text with each comment's words replaced; an nft rule set has no other place where
somebody could have left a secret.
"""

from napalm_nftables.lexer import Kind, tokens

REMOVED = '"<removed>"'
"""What stands in place of a comment."""


def without_comments(text: str) -> str:
    """Replace the words of every `comment "..."`.

    Args:
        text: nft text.

    Raises:
        NftTextError: a quote or brace does not close.
    """
    parts: list[str] = []
    taken, before = 0, ""
    for token in tokens(text):
        if token.kind is Kind.STRING and before == "comment":
            parts += [text[taken : token.start], REMOVED]
            taken = token.end
        before = token.text
    return "".join((*parts, text[taken:]))
