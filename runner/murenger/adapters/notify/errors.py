"""What goes wrong between us and a channel, as one error that names it.

Input: a channel's name and peer. Output: `NotifyError` for whatever was raised.
"""

import contextlib
import http.client
from collections.abc import Iterator

from murenger.adapters.anchors.exchange import reason_of
from murenger.errors import ConfigError, NotifyError


@contextlib.contextmanager
def channel_errors(name: str, peer: str) -> Iterator[None]:
    """Turn what goes wrong in a conversation into an error that names the channel and the peer.

    Args:
        name: the channel's name.
        peer: host and port; never a whole address, whose path may be a secret.

    Raises:
        NotifyError: anything went wrong.
    """
    try:
        yield
    except ConfigError as exc:
        raise NotifyError(f"channel {name}: {exc.message}", hint=exc.hint) from exc
    except (OSError, http.client.HTTPException, ValueError) as exc:
        raise NotifyError(f"channel {name}: {peer}: {reason_of(exc)}") from exc
