"""Compare: how does what runs differ from golden?

Input: golden and live snapshots. Output: a `Drift` with ordered differences, and its renderings.
"""

from murenger.compare.comparison import compare
from murenger.compare.document import SCHEMA, render_json
from murenger.compare.plain import compare_lines
from murenger.compare.steps import steps
from murenger.compare.text import render_text, unified

__all__ = ["SCHEMA", "compare", "compare_lines", "render_json", "render_text", "steps", "unified"]
