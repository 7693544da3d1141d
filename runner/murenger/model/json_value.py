"""JSON values: what files that are signed are made of.

Input: nothing. Output: their type, apart from what reads and writes them: whoever names it need not load that.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

JsonValue: TypeAlias = "bool | int | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
