"""Channels of a site: from settings to notifiers.

Input: settings. Output: ports; a secret is read when a message is sent.
"""

import importlib.metadata

from murenger.adapters.files.credentials import opened
from murenger.adapters.notify.syslog import syslog_notifier
from murenger.adapters.notify.webhook import WebhookNotifier
from murenger.config import ChannelSettings, SyslogChannelSettings
from murenger.ports import Clock, Notifier


def make_notifier(settings: ChannelSettings, *, clock: Clock) -> Notifier:
    """Return the notifier of one channel.

    Args:
        settings: the channel.
        clock: the time.
    """
    if isinstance(settings, SyslogChannelSettings):
        return syslog_notifier(
            settings.name,
            settings.host,
            settings.port,
            tls_ca=settings.ca,
            clock=clock,
            version=importlib.metadata.version("murenger"),
        )
    secret = settings.secret
    return WebhookNotifier(
        settings.name, settings.url, secret=lambda: opened(secret), authority=settings.ca, clock=clock
    )
