"""Plans for access lists of IOS: commands in an order that hurts nobody, whatever somebody changed in the lists.

Input: live and golden running configurations that differ in access lists and their bindings only. Output: commands
with the configuration after each, none of which binds an empty or undefined list. What they do is proven elsewhere, in
packet space; that a plan was made here is no proof.
"""

import difflib
import itertools
from collections.abc import Iterator, Sequence

from murenger.heal.edits.ios import Ios, simulate
from murenger.heal.edits.lists import STEP, AccessList, Entry, refused, repeated
from murenger.heal.edits.made import SUFFIX, EditPlan, Method, Step
from murenger.semantics.ordered_edits import Edit, Operation, Run, ordered_edits


def plan(live: str, golden: str, *, only: Method | None = None) -> EditPlan:
    """Return commands that make golden's access lists of live's.

    Args:
        live: running configuration.
        golden: the running configuration it should be.
        only: a method to use for every list; else each list's cheapest one that is possible.

    Raises:
        GuardRefusedError: they differ in something else, or a list is used in a way that forbids it, or no order of
            commands is known; the message names it.
    """
    return _Planning(live, golden, only).run()


class _Planning:
    """One plan."""

    def __init__(self, live: str, golden: str, only: Method | None) -> None:
        self._text = live
        self._live, self._golden, self._only = Ios(live), Ios(golden), only
        self._commands: list[str] = []
        self._methods: dict[str, Method] = {}

    def run(self) -> EditPlan:
        """Return the plan, simulated."""
        self._refuse_others()
        for name, wanted in self._golden.lists.items():
            self._list(self._live.lists.get(name), wanted)
        self._bind()
        for name in [name for name in self._live.lists if name not in self._golden.lists]:
            self._refuse_use(name, "delete")
            self._commands.append(f"no {self._live.lists[name].header}")
        return EditPlan(
            commands=tuple(self._commands),
            live=self._live.text,
            steps=tuple(self._simulated()),
            methods=tuple(self._methods.items()),
        )

    def _simulated(self) -> Iterator[Step]:
        was_unsafe = self._live.unsafe_binding()
        for step in simulate(self._text, self._commands):
            unsafe = Ios(step.text).unsafe_binding()
            if unsafe and unsafe != was_unsafe:
                raise refused(f"after {step.command!r} list {unsafe} is bound while it is empty or undefined")
            yield step

    def _refuse_others(self) -> None:
        live, golden = self._live.others, self._golden.others
        if live == golden:
            return
        other = next(one for one in (*golden, *live) if (one in golden) != (one in live) or live.count(one) != 1)
        raise refused(f"{other[0]!r} is not the same in live and golden, and only access lists are edited")

    def _list(self, now: AccessList | None, wanted: AccessList) -> None:
        if now is not None and _texts(now.entries) == _texts(wanted.entries):
            return
        if repeated(wanted.entries):
            raise refused(f"list {wanted.name} of golden holds {repeated(wanted.entries)!r} twice")
        is_bound = wanted.name in self._live.bindings.values()
        if now is None and not is_bound:
            self._commands += _written(wanted, wanted.name)
        elif now is not None and self._only is not Method.SHADOW and _can_insert(now, wanted):
            self._methods[wanted.name] = Method.ORDERED
            self._commands += _ordered(now, wanted)
        elif self._only is Method.ORDERED:
            raise refused(f"list {wanted.name}: an entry that moves would stand there twice, which IOS refuses")
        else:
            self._methods[wanted.name] = Method.SHADOW
            self._shadow(now, wanted)

    def _shadow(self, now: AccessList | None, wanted: AccessList) -> None:
        name = f"{wanted.name}{SUFFIX}"
        if name in self._text:
            raise refused(f"the name {name} is taken")
        places = [place for place, bound in self._live.bindings.items() if bound == wanted.name]
        if now is not None:
            self._refuse_use(wanted.name, "replace")
        self._commands += _written(wanted, name)
        self._commands += _bound(places, name)
        if now is not None:
            self._commands.append(f"no {now.header}")
        self._commands += [*_written(wanted, wanted.name), *_bound(places, wanted.name)]
        self._commands.append(f"no ip access-list {wanted.kind} {name}")

    def _refuse_use(self, name: str, what: str) -> None:
        """Refuse to take away a list that something else than an interface names."""
        for block in self._live.others:
            user = next((line for line in block if name in line.split()), None)
            if user is not None:
                raise refused(f"cannot {what} list {name}: {block[0]!r} uses it in {user.strip()!r}")

    def _bind(self) -> None:
        live, golden = self._live.bindings, self._golden.bindings
        for (interface, way), name in golden.items():
            if live.get((interface, way)) != name:
                self._commands += _bound([(interface, way)], name)
        for (interface, way), name in live.items():
            if (interface, way) not in golden:
                self._commands += [f"interface {interface}", f"no ip access-group {name} {way}", "exit"]


def _texts(entries: Sequence[Entry]) -> list[str]:
    return [one.text for one in entries]


def _can_insert(now: AccessList, wanted: AccessList) -> bool:
    """True if no line has to stand there twice, and remarks without a number stay as they are."""
    bare = [[one.text for one in side.entries if one not in side.rules] for side in (now, wanted)]
    inserted = [edit.entry for edit in _edits(now, wanted) if edit.operation is Operation.INSERT]
    kept = set(_texts(now.rules))
    return bare[0] == bare[1] and not repeated(now.entries) and kept.isdisjoint(inserted) and bool(wanted.rules)


def _edits(now: AccessList, wanted: AccessList) -> tuple[Edit[str], ...]:
    golden, live = _texts(wanted.rules), _texts(now.rules)
    matcher = difflib.SequenceMatcher(None, golden, live, autojunk=False)
    runs = [Run(golden[a:b], live[c:d], tag == "equal") for tag, a, b, c, d in matcher.get_opcodes()]
    return ordered_edits(runs)


def _ordered(now: AccessList, wanted: AccessList) -> list[str]:
    """Return the commands of the ordered edits, with room made where there is none."""
    edits = _edits(now, wanted)
    commands = _with_numbers(now, edits) if now.is_numbered else None
    if commands is None:
        step = max(STEP, 2 * (1 + sum(edit.operation is Operation.INSERT for edit in edits)))
        renumbered = now.resequenced(step, step)
        commands = [f"ip access-list resequence {now.name} {step} {step}", *(_with_numbers(renumbered, edits) or ())]
    rules = wanted.rules
    first, step = (rules[0].number, _step(rules)) if wanted.is_numbered else (STEP, STEP)
    if first is not None and step:
        commands.append(f"ip access-list resequence {now.name} {first} {step}")
    return commands


def _with_numbers(now: AccessList, edits: Sequence[Edit[str]]) -> list[str] | None:
    """Return the commands with sequence numbers, or None where there is no room for an insertion."""
    numbers = [one.number or 0 for one in now.rules]
    commands = [now.header]
    for place, edit in enumerate(edits):
        if edit.operation is Operation.DELETE:
            commands.append(f"no {numbers.pop(edit.position)}")
            continue
        above = numbers[edit.position - 1] if edit.position else 0
        more = _following(edits, place)
        if edit.position == len(numbers):
            number = above + STEP
        else:
            below = numbers[edit.position]
            number = above + (below - above) // (more + 1)
            if number in {above, below}:
                return None
        numbers.insert(edit.position, number)
        commands.append(f"{number} {edit.entry}")
    return [*commands, "exit"]


def _following(edits: Sequence[Edit[str]], place: int) -> int:
    """Return how many insertions come one after the other at this place, this one included."""
    count = 1
    while place + count < len(edits):
        after = edits[place + count]
        if after.operation is not Operation.INSERT or after.position != edits[place].position + count:
            break
        count += 1
    return count


def _step(rules: Sequence[Entry]) -> int:
    """Return the step between the numbers of lines, or 0 if it is not the same everywhere."""
    numbers = [one.number or 0 for one in rules]
    steps = {after - before for before, after in itertools.pairwise(numbers)} or {STEP}
    return steps.pop() if len(steps) == 1 else 0


def _written(wanted: AccessList, name: str) -> list[str]:
    """Return the commands that write a list that is not there yet."""
    entries = wanted.entries
    lines = [one.text if one.number is None else f"{one.number} {one.text}" for one in entries]
    if wanted.is_flat and name == wanted.name:
        return [f"access-list {name} {one.text}" for one in entries]
    return [f"ip access-list {wanted.kind} {name}", *lines, "exit"]


def _bound(places: Sequence[tuple[str, str]], name: str) -> list[str]:
    lines: list[str] = []
    for interface, way in places:
        lines += [f"interface {interface}", f"ip access-group {name} {way}", "exit"]
    return lines
