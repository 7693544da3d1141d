"""What the engine is asked to prove of a plan.

Input: the parent's request. Output: a frozen value that goes to the child.
"""

import dataclasses

from murenger.model.management import Management


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A plan to be proven hitless.

    Attributes:
        texts: the states, live first.
        golden: what the last state must equal.
        steps: for people, what leads to each state after the first.
        management: our own way to the device, or None.
        may_cut: True if it is enough to name what is cut for the time of a step.
    """

    texts: tuple[str, ...]
    golden: str
    steps: tuple[str, ...]
    management: Management | None
    may_cut: bool
