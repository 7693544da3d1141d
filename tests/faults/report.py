"""What many scenarios came to, as a table.

Input: results. Output: lines for people; and the same as plain values that processes can exchange.
"""

import collections
import dataclasses
from collections.abc import Iterator

from tests.faults.draw import Scenario
from tests.faults.oracle import End


@dataclasses.dataclass(slots=True)
class Tally:
    """Counts.

    Attributes:
        ends: by device and end.
        verdicts: by device and verdict of the newest outcome.
        drawn: faults by kind.
        struck: those of them that struck.
        violations: device, seed and text of each.
        cpu_s: CPU seconds by device.
    """

    ends: collections.Counter[tuple[str, str]] = dataclasses.field(default_factory=collections.Counter)
    verdicts: collections.Counter[tuple[str, str]] = dataclasses.field(default_factory=collections.Counter)
    drawn: collections.Counter[tuple[str, str]] = dataclasses.field(default_factory=collections.Counter)
    struck: collections.Counter[tuple[str, str]] = dataclasses.field(default_factory=collections.Counter)
    violations: list[tuple[str, int, str]] = dataclasses.field(default_factory=list)
    cpu_s: dict[str, float] = dataclasses.field(default_factory=dict)

    def add(
        self,
        scenario: Scenario,
        *,
        end: End,
        verdict: str,
        struck: tuple[str, ...],
        violations: tuple[str, ...],
        took_s: float,
    ) -> None:
        """Count one result."""
        device = scenario.device
        self.ends[device, end.value] += 1
        self.verdicts[device, verdict or "no change begun"] += 1
        for kind in {fault.kind for fault in scenario.faults}:
            self.drawn[device, kind] += 1
            self.struck[device, kind] += kind in struck
        self.violations += [(device, scenario.seed, text) for text in violations]
        self.cpu_s[device] = self.cpu_s.get(device, 0.0) + took_s

    def lines(self) -> Iterator[str]:
        """Yield the table."""
        devices = sorted({device for device, _ in self.ends})
        total = sum(self.ends.values())
        yield f"{'':<24}" + "".join(f"{device:>16}" for device in devices)
        for title, counts in (("ended", self.ends), ("newest outcome", self.verdicts)):
            yield f"-- {title}"
            for name in sorted({name for _, name in counts}):
                yield f"{name:<24}" + "".join(f"{counts[device, name]:>16}" for device in devices)
        yield "-- faults: struck of drawn"
        for kind in sorted({kind for _, kind in self.drawn}):
            cells = (f"{self.struck[device, kind]} of {self.drawn[device, kind]}" for device in devices)
            yield f"{kind:<24}" + "".join(f"{cell:>16}" for cell in cells)
        yield "-- CPU seconds a scenario"
        each = (self.cpu_s[one] / max(1, sum(self.ends[one, end.value] for end in End)) for one in devices)
        yield f"{'runner':<24}" + "".join(f"{cell:>16.2f}" for cell in each)
        seeds = len({(device, seed) for device, seed, _ in self.violations})
        yield f"{total} scenarios, {seeds} with violations"
