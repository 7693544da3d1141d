"""The index of change records on SQLite: fast answers, derived from the files and never trusted over them.

Input: a log's folder. Output: lists of records, and where to begin without reading the whole log.
"""

from murenger.adapters.sqlite.index import RecordIndex

# What makes an index anew is imported from `rebuild` itself: whoever lists records does not need it.
__all__ = ["RecordIndex"]
