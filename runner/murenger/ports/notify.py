"""Port for telling people: syslog, a webhook, whatever a site reads at night.

Input: incidents. Output: nothing but that the other side took the message, or an error.
"""

from typing import Protocol

from murenger.model.incident import Incident


class Notifier(Protocol):
    """One channel to people."""

    @property
    def name(self) -> str:
        """The channel's name in murenger.yml."""
        ...

    def notify(self, incident: Incident) -> None:
        """Send one message; it may arrive more than once, always under the same message id.

        Raises:
            NotifyError: the other side did not take it, or not for certain.
        """
        ...

    def state(self) -> str:
        """Return what can be said of the channel without sending anything.

        Raises:
            NotifyError: nobody is there, or not who it should be.
        """
        ...
