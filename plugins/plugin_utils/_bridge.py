# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bridge to the library: everything that passes between Ansible and murenger passes here.

Input: validated task arguments, a call. Output: a plain, redacted result, or one redacted error without a cause.
"""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Callable, Iterable

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

try:
    import murenger
    from murenger.errors import MurengerError
    from murenger.model import Device
    from murenger.record.executor import Trigger
    from murenger.secrets import redact
    from murenger.wiring import Site, open_site
except ImportError as exc:
    murenger = Device = Site = None
    MurengerError = ()
    IMPORT_ERROR = exc
else:
    IMPORT_ERROR = None

# The collection and the library are released together; tests keep this equal to galaxy.yml.
LIBRARY_VERSION = "0.1.0"
REMEDY = f"python -m pip install murenger=={LIBRARY_VERSION}"

Options = dict[str, "str | int | bool | None"]
# The keys of a result, and the secret values that must not be in it.
Answer = tuple[dict[str, object], Iterable[str]]


class RefusedError(Exception):
    """What a plugin itself refuses: a message, and facts that go into the result.

    Args:
        message: what went wrong and what to do.
        secrets: values that must not be in message or facts.
        facts: keys of the result.
    """

    def __init__(self, message: str, secrets: Iterable[str] = (), **facts: object) -> None:
        super().__init__(message)
        self.secrets = tuple(secrets)
        self.facts = facts


def to_plain(value: object, where: str = "options") -> object:
    """Return a value rebuilt from exact built-in types, without the tags of ansible-core.

    Args:
        value: a task argument.
        where: its name, for the message.

    Raises:
        AnsibleActionFail: it is of a type that no option has, such as a date that was not quoted.
    """
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, dict):
        return {to_plain(name, where): to_plain(item, f"{where}.{name}") for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
    raise AnsibleActionFail(f"{where} is neither text, number, list nor dictionary: quote it in YAML")


def plain_options(
    action: ActionBase, argument_spec: dict[str, dict[str, object]], task_vars: dict[str, object] | None = None
) -> Options:
    """Return the validated arguments of a task, as plain values.

    Args:
        action: the action plugin.
        argument_spec: its specification.
        task_vars: variables of the host; `hostname` defaults to its inventory name.
    """
    arguments = action.validate_argument_spec(argument_spec)[1]
    options = to_plain({name: value for name, value in arguments.items() if name in argument_spec})
    if "hostname" in argument_spec and not options.get("hostname"):
        options["hostname"] = to_plain((task_vars or {}).get("inventory_hostname", ""))
    return options


def site_of(options: Options) -> Site:
    """Return the site that the options `config` and `inventory` lead to, its device names unread."""
    config, inventory = options.get("config"), options.get("inventory")
    return open_site(
        file=pathlib.Path(config) if config else None,
        inventory=pathlib.Path(inventory) if inventory else None,
        trigger=Trigger(options.get("trigger") or "manual"),
    )


def device_of(site: Site, options: Options) -> Device:
    """Return the one device that the option `hostname` names."""
    found = site.devices((options["hostname"],))
    if len(found) != 1 or found[0].name != options["hostname"]:
        raise RefusedError(f"{options['hostname']!r} is not a device of the inventory; name one device, not a group")
    return found[0]


def run_library(call: Callable[[], Answer]) -> dict[str, object]:
    """Make one library call and return its result, redacted.

    Args:
        call: takes nothing; returns the keys of the result and the secret values that must not be in it.

    Raises:
        AnsibleActionFail: it failed, or the library is absent or of another version. Without a cause: ansible-core
            prints causes, and those of libraries may quote what a device said.
    """
    _check_library()
    try:
        result, secrets = call()
        return redacted(result, tuple(secrets))
    except RefusedError as error:
        message, facts = redact(str(error), error.secrets), redacted(error.facts, error.secrets)
    except MurengerError as error:
        message = redact(str(error))
        facts = {"error": type(error).__name__, "hint": redact(error.hint)}
    except Exception as error:  # noqa: BLE001 - nothing foreign leaves: its text may hold a secret
        message = f"internal error: {type(error).__name__}; this is a defect of murenger, please report it"
        facts = {"error": "InternalError"}
    raise AnsibleActionFail(message, result=facts) from None


def redacted(value: object, secrets: Iterable[str] = ()) -> object:
    """Return a result in which no known secret, and nothing that looks like one, is left.

    Args:
        value: texts, numbers, lists, dictionaries.
        secrets: values that must not be in it.
    """
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, dict):
        return {redact(str(name), secrets): redacted(item, secrets) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [redacted(item, secrets) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    # Fails closed: a value of another kind could show itself as text later.
    raise TypeError("a result holds texts, numbers, lists and dictionaries")


def _check_library() -> None:
    if IMPORT_ERROR is not None:
        missing = f"the Python library murenger cannot be imported by {sys.executable} ({type(IMPORT_ERROR).__name__})"
        raise AnsibleActionFail(f"{missing}: {REMEDY}", result={"error": "LibraryMissing"})
    if murenger.__version__ != LIBRARY_VERSION:
        other = (
            f"the Python library murenger is version {murenger.__version__}, this collection needs {LIBRARY_VERSION}"
        )
        raise AnsibleActionFail(f"{other}: {REMEDY}", result={"error": "LibraryVersion"})
