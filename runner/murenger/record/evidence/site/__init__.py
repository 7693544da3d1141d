"""The pages of an evidence pack, for people: static, self-contained, without script.

Input: a pack's view. Output: pages and their stylesheet, one at a time.
"""

from murenger.record.evidence.site.render import render_site

__all__ = ["render_site"]
