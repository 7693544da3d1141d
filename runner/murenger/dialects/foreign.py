"""Foreign parts: sections of a device that belong to somebody else.

Input: golden and live text. Output: the text that a device should list after a heal, and the part of a text that we
manage. Foreign parts are never changed, so what is expected holds live's own.
"""

from murenger.dialects.definition import Dialect
from murenger.dialects.reading import parse
from murenger.dialects.shape import canonical_tree, merged
from murenger.dialects.tree import Tree, render


def expected_after(golden_text: str, live_text: str, dialect: Dialect) -> str:
    """Return the canonical text that a device should have once golden is applied.

    Args:
        golden_text: canonical text of golden.
        live_text: canonical text of live.
        dialect: the platform of both.

    Raises:
        ParseError: either is not a configuration of the platform.
    """
    golden = canonical_tree(parse(golden_text, dialect), dialect)
    if not dialect.foreign_sections:
        return render(golden, dialect)
    live = canonical_tree(parse(live_text, dialect), dialect)
    own = {node.line for node in golden.nodes}
    foreign = tuple(node for node in live.nodes if node.line not in own)
    return render(merged(golden.nodes, foreign, dialect), dialect)


def managed_part(golden_text: str, dialect: Dialect, text: str | None = None) -> str:
    """Return the part of a text that golden manages, in canonical form.

    Args:
        golden_text: canonical text of golden; its top-level sections are the managed ones.
        dialect: the platform.
        text: the text to take the part of; golden itself if None.

    Raises:
        ParseError: either is not a configuration of the platform.
    """
    golden = canonical_tree(parse(golden_text, dialect), dialect)
    if text is None:
        return render(golden, dialect)
    tree = canonical_tree(parse(text, dialect), dialect)
    if not dialect.foreign_sections:
        return render(tree, dialect)
    own = {node.line for node in golden.nodes}
    return render(Tree(nodes=tuple(node for node in tree.nodes if node.line in own)), dialect)
