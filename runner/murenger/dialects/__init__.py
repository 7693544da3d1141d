"""Dialects: what murenger knows about each platform, as data, and the reader and writer that use it.

Input: a platform's name and configuration text. Output: trees, canonical text, and the facts the stages ask for.
"""

from murenger.dialects.definition import (
    Dialect,
    Ephemeral,
    OrderedSection,
    Scheme,
    SecretPlace,
    Syntax,
    Verbatim,
    compiled,
)
from murenger.dialects.foreign import expected_after, managed_part
from murenger.dialects.reading import parse
from murenger.dialects.registry import PLATFORM_OF_NETWORK_OS, PLATFORMS, dialect, platform_of
from murenger.dialects.scope import Scope, within_scope
from murenger.dialects.shape import canonical_tree, count_rules, merged, section_names
from murenger.dialects.tree import Node, Tree, render, render_node

__all__ = [
    "PLATFORMS",
    "PLATFORM_OF_NETWORK_OS",
    "Dialect",
    "Ephemeral",
    "Node",
    "OrderedSection",
    "Scheme",
    "Scope",
    "SecretPlace",
    "Syntax",
    "Tree",
    "Verbatim",
    "canonical_tree",
    "compiled",
    "count_rules",
    "dialect",
    "expected_after",
    "managed_part",
    "merged",
    "parse",
    "platform_of",
    "render",
    "render_node",
    "section_names",
    "within_scope",
]
