"""Narrowing: exactly where one list decides otherwise than another, without working out what either decides elsewhere.

Input: the chains of two aligned lists and, for each edit, the packets that its two runs decide differently. Output: the
packets that the two lists decide differently.

A packet is followed along both chains until it is decided. What paired rules decide before any edit is alike on both
sides and is dropped; what only one side has decided waits for the other. So the sets that long runs of rules are held
against soon are small, and once nothing waits and no edit follows, the rest of the lists is not looked at.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Generic

from murenger.semantics.engine import F
from murenger.semantics.fold import Chain, Node


@dataclasses.dataclass(slots=True)
class _Waiting(Generic[F]):
    """Packets that one side permits, or denies, and the other has not decided yet."""

    permitted: F
    denied: F

    def meet(self, run: Node[F]) -> F:
        """Let the other side's next run decide, and return the packets that it decides differently."""
        different = (self.permitted & run.matches & ~run.permits) | (self.denied & run.permits)
        self.permitted = self.permitted & ~run.matches
        self.denied = self.denied & ~run.matches
        return different

    def join(self, packets: F, run: Node[F], other: Node[F]) -> None:
        """Add the packets that a run decides and the other side's run does not."""
        mine = packets & ~other.matches
        self.permitted = self.permitted | (mine & run.permits)
        self.denied = self.denied | (mine & run.matches & ~run.permits)


def differing(golden: Chain[F], live: Chain[F], edited: Sequence[F], false: F, tick: Callable[[], None]) -> F:
    """Return the packets that two lists decide differently.

    Args:
        golden: golden's list.
        live: live's list, with the same number of runs.
        edited: for each segment the well-formed packets that its runs decide differently, or more; none if paired.
        false: the empty set.
        tick: called between operations; may raise.
    """
    later = [false]
    for one in reversed(edited):
        later.append(later[-1] | one)
    later.reverse()
    found, undecided = false, later[0]
    ours, theirs = _Waiting(false, false), _Waiting(false, false)
    for our_link, their_link in zip(golden.links, live.links, strict=True):
        tick()
        if all(one == false for one in (undecided, ours.permitted, ours.denied, theirs.permitted, theirs.denied)):
            break
        our_run, their_run = golden.node(our_link), live.node(their_link)
        found = found | ours.meet(their_run) | theirs.meet(our_run)
        if our_link.edit >= 0:
            opened = their_run.permits & our_run.matches & ~our_run.permits
            closed = our_run.permits & their_run.matches & ~their_run.permits
            found = found | (undecided & (opened | closed))
            ours.join(undecided, our_run, their_run)
            theirs.join(undecided, their_run, our_run)
            undecided = undecided & later[our_link.edit + 1]
        undecided = undecided & ~our_run.matches & ~their_run.matches
    return found
