"""The index of change records on SQLite: fast answers, derived from the files and never trusted over them.

Input: a log's folder. Output: lists of records, and where to begin without reading the whole log.
"""

from murenger.adapters.sqlite.index import RecordIndex
from murenger.adapters.sqlite.rebuild import Rebuilt, rebuild

__all__ = ["Rebuilt", "RecordIndex", "rebuild"]
