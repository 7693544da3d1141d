"""Structured items: what differs inside sections whose order has no meaning, described by DeepDiff.

Input: nested mappings of which only what differs is left. Output: the paths at which they differ, and how.

DeepDiff never sees a whole configuration or an ordered list, only what is left once equal items are dropped; and it is
never the one to say that nothing differs: the caller keeps what it does not describe.
"""

from types import MappingProxyType
from typing import TypeAlias

from deepdiff import DeepDiff

from murenger.model import Operation

Structured: TypeAlias = "dict[str, Structured] | str"

_OPERATIONS = MappingProxyType(
    {
        "dictionary_item_added": Operation.ADDED,
        "dictionary_item_removed": Operation.REMOVED,
        "values_changed": Operation.CHANGED,
        "type_changes": Operation.CHANGED,
    }
)


def describe(golden: Structured, live: Structured) -> dict[tuple[str, ...], Operation]:
    """Return what was done at each path, from the outermost key inwards, at which two nested mappings differ."""
    found = DeepDiff(
        golden,
        live,
        view="tree",
        # The default would call two items of few common keys one change and hide what is inside.
        threshold_to_diff_deeper=0,
        # The default skips keys that start with two underscores, and device text may.
        ignore_private_variables=False,
    )
    return {
        tuple(str(key) for key in level.path(output_format="list")): operation
        for kind, operation in _OPERATIONS.items()
        for level in found.get(kind, ())
    }
