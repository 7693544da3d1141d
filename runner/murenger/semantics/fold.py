"""Folding: lists of rules as chains of balanced trees of functions, and packets split by the rule that decides each.

Input: aligned segments, the set within which they matter. Output: what each side permits, and which rule decides.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Generic

from murenger.semantics.align import Segment
from murenger.semantics.encode import Encoder
from murenger.semantics.engine import F
from murenger.semantics.ir import Action, Rule

RUN = 512
"""So many rules make one tree of a chain: what one tree decides need not be held against the next."""


@dataclasses.dataclass(slots=True)
class Node(Generic[F]):
    """A run of rules.

    Attributes:
        permits: what its first match permits.
        matches: what any of it matches.
        parts: the two runs it is made of, or None for a single rule.
        golden: of a single rule, the one in golden.
        live: of a single rule, the one in live; equal in meaning where both stand there.
    """

    permits: F
    matches: F
    parts: "tuple[Node[F], Node[F]] | None" = None
    golden: Rule | None = None
    live: Rule | None = None


class Folder(Generic[F]):
    """Folds runs of rules within a set of packets.

    Args:
        encoder: makes functions of rules.
        within: packets outside it do not matter; simple, as every rule is cut to it.
        tick: called between operations; may raise.
    """

    def __init__(self, encoder: Encoder[F], within: F, tick: Callable[[], None]) -> None:
        self.encoder = encoder
        self._within = within
        self._tick = tick

    def fold(self, golden: Sequence[Rule | None], live: Sequence[Rule | None]) -> Node[F]:
        """Return the tree of one run; of each rule one side may be None, else both mean the same."""
        false = self.encoder.engine.false
        leaves = (self._leaf(ours, theirs) for ours, theirs in zip(golden, live, strict=True))
        nodes = [node for node in leaves if node.matches != false]
        if not nodes:
            return Node(false, false)
        while len(nodes) > 1:
            joined = [self._join(nodes[i], nodes[i + 1]) for i in range(0, len(nodes) - 1, 2)]
            nodes = [*joined, nodes[-1]] if len(nodes) % 2 else joined
        return nodes[0]

    def _leaf(self, golden: Rule | None, live: Rule | None) -> Node[F]:
        self._tick()
        rule = golden or live
        false = self.encoder.engine.false
        if rule is None:
            return Node(false, false)
        matches = self.encoder.rule(rule) & self._within
        return Node(matches if rule.action is Action.PERMIT else false, matches, None, golden, live)

    def _join(self, first: Node[F], then: Node[F]) -> Node[F]:
        self._tick()
        permits = first.permits | (then.permits & ~first.matches)
        return Node(permits, first.matches | then.matches, (first, then))


@dataclasses.dataclass(slots=True)
class Link(Generic[F]):
    """A run of a chain, folded when it is first needed.

    Attributes:
        edit: number of the segment if unpaired, else -1.
        golden: golden's rules, None where live alone has one.
        live: live's rules, likewise.
    """

    edit: int
    golden: Sequence[Rule | None]
    live: Sequence[Rule | None]
    node: Node[F] | None = None


class Chain(Generic[F]):
    """One list of one side: its runs in order.

    Args:
        folder: folds them.
        links: the runs; paired ones are shared with the other side.
    """

    def __init__(self, folder: Folder[F], links: Sequence[Link[F]]) -> None:
        self.links = links
        self._folder = folder

    def node(self, link: Link[F]) -> Node[F]:
        """Return the tree of a run."""
        if link.node is None:
            link.node = self._folder.fold(link.golden, link.live)
        return link.node

    def permitted(self, packets: F) -> F:
        """Return which of some packets it permits."""
        false = self._folder.encoder.engine.false
        found = false
        for link in self.links:
            if packets == false:
                break
            node = self.node(link)
            found = found | (packets & node.permits)
            packets = packets & ~node.matches
        return found

    def split(self, packets: F) -> Iterator[tuple[Node[F], F]]:
        """Yield each single rule that decides some of the packets, with those; only as many as are asked for."""
        false = self._folder.encoder.engine.false
        for link in self.links:
            if packets == false:
                return
            node = self.node(link)
            yield from _split(node, packets & node.matches, false)
            packets = packets & ~node.matches


def chains(folder: Folder[F], segments: Sequence[Segment], is_edit: Sequence[bool]) -> tuple[Chain[F], Chain[F]]:
    """Return golden's and live's chain of one aligned list.

    Args:
        folder: folds the runs.
        segments: the list.
        is_edit: for each segment, True if its two runs may decide differently.
    """
    golden: list[Link[F]] = []
    live: list[Link[F]] = []
    run: list[Segment] = []
    for number, one in enumerate(segments):
        if is_edit[number]:
            _add_alike(run, golden, live)
            run = []
            golden.append(Link(number, one.golden, [None] * len(one.golden)))
            live.append(Link(number, [None] * len(one.live), one.live))
        elif one.is_paired:
            for begin in range(0, len(one.golden), RUN):
                part = slice(begin, begin + RUN)
                if sum(len(two.golden) for two in run) >= RUN:
                    _add_alike(run, golden, live)
                    run = []
                run.append(Segment(one.golden[part], one.live[part], is_paired=True))
        else:
            run.append(one)
    _add_alike(run, golden, live)
    return Chain(folder, golden), Chain(folder, live)


def _add_alike(run: Sequence[Segment], golden: list[Link[F]], live: list[Link[F]]) -> None:
    """Add runs that decide alike as one: shared where the rules are equal."""
    ours = [rule for one in run for rule in one.golden]
    theirs = [rule for one in run for rule in one.live]
    if not ours and not theirs:
        return
    if all(one.is_paired for one in run):
        link: Link[F] = Link(-1, ours, theirs)
        golden.append(link)
        live.append(link)
    else:
        golden.append(Link(-1, ours, [None] * len(ours)))
        live.append(Link(-1, [None] * len(theirs), theirs))


def _split(node: Node[F], packets: F, false: F) -> Iterator[tuple[Node[F], F]]:
    todo = [(node, packets)]
    while todo:
        here, mine = todo.pop()
        if mine == false:
            continue
        if here.parts is None:
            yield here, mine
            continue
        first, then = here.parts
        todo.append((then, mine & ~first.matches))
        todo.append((first, mine & first.matches))
