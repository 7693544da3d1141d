"""Probing at a site: the user's probes after a change, as checks for its outcome.

Input: a device and its policy. Output: checks; a change whose revert timer is shorter than its tests is refused.
"""

from collections.abc import Callable

from murenger.adapters.probes import Prober
from murenger.decide import DEFAULT_TEST
from murenger.errors import GuardRefusedError
from murenger.model import Check, Device, Policy
from murenger.model.probe import Probe
from murenger.secrets import escape_for_terminal
from murenger.secrets import redact as redact_values
from murenger.wiring.parts import Parts

_LONGEST = 200


class Probing:
    """Makes the probes of a policy.

    Args:
        parts: adapters.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def checks(self, device: Device, policy: Policy, redact: Callable[[str], str]) -> tuple[Check, ...]:
        """Make every probe of a policy, one after the other; one that fails does not spare the others.

        Args:
            device: the device that was just changed.
            policy: what says which probes to make.
            redact: removes secrets from a text.
        """
        return tuple(self._check(device, probe, redact) for probe in policy.probes)

    def _check(self, device: Device, probe: Probe, redact: Callable[[str], str]) -> Check:
        prober = Prober(login=self._parts.read_login, limits=self._parts.limits, launcher=lambda: self._parts.launcher)
        seen = prober.probe(device, probe)
        password = self._parts.read_login(device).password
        return Check(
            name=f"probe {probe.name}",
            expected=probe.claim,
            observed=_harmless(redact_values(redact(seen.text), (password,))),
            passed=seen.passed,
            at=self._parts.clock.now(),
        )

    def refuse_short_timer(self, device: Device, policy: Policy) -> None:
        """Refuse a change that the device would take back while its tests still run.

        Raises:
            GuardRefusedError: a fresh connection and the probes may take as long as the revert timer, or longer.
        """
        connect_s = self._parts.settings.connection.connect_timeout_s
        probes_s = sum(probe.limit_s for probe in policy.probes)
        if connect_s + probes_s < policy.revert_in_s:
            return
        parts = [f"{connect_s} s to connect", *(f"{probe.limit_s} s for probe {probe.name}" for probe in policy.probes)]
        raise GuardRefusedError(
            f"the tests after a change may take {connect_s + probes_s} s ({' + '.join(parts)}), and the device takes "
            f"the change back after {policy.revert_in_s} s",
            device=device.name,
            hint=f"set revert_in of policy {policy.name} well above that, or give connection.connect_timeout and the "
            "probes less time",
        )


def tests_of(policy: Policy) -> tuple[str, ...]:
    """Return the tests that follow a change under a policy, as a plan file names them."""
    return (*DEFAULT_TEST, *(f"probe {probe.name}: {probe.claim}" for probe in policy.probes))


def _harmless(text: str) -> str:
    """Return on one line, bounded and printable, what the world said."""
    line = escape_for_terminal(" ".join(text.split()))
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
