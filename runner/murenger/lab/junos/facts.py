"""Answers the RPCs about the device itself: software, chassis, uptime, interfaces and commit history.

Input: parsed requests. Output: reply elements; whatever is not here is refused as an SRX300 refuses an unknown RPC.
"""

import datetime
from collections.abc import Callable

from lxml import etree

from murenger.lab.junos import xml
from murenger.lab.junos.device import MODEL, SERIAL_NUMBER, VERSION, Device
from murenger.lab.junos.errors import syntax_error
from murenger.lab.junos.history import Commit


def answer(device: Device, request: xml.Request) -> etree._Element:
    """Answer one RPC.

    Args:
        device: the emulated device.
        request: what the client asked.

    Returns:
        The element inside the reply.

    Raises:
        JunosError: the device does not know the RPC or one of its arguments.
    """
    known = _ANSWERS.get(request.name)
    if known is None:
        raise syntax_error(request.name, ())
    arguments, build = known
    if strange := [name for name in request.arguments() if name not in arguments]:
        raise syntax_error(strange[0], ())
    return build(device, request)


def stamp(when: datetime.datetime) -> str:
    """Return a time as Junos prints it."""
    return when.strftime("%Y-%m-%d %H:%M:%S UTC")


def _date_time(when: datetime.datetime) -> etree._Element:
    return xml.element("date-time", stamp(when), seconds=str(int(when.timestamp())))


def _software(device: Device, _request: xml.Request) -> etree._Element:
    return xml.element(
        "software-information",
        xml.element("host-name", device.host_name),
        xml.element("product-model", MODEL),
        xml.element("product-name", MODEL),
        xml.element("junos-version", VERSION),
    )


def _chassis(_device: Device, _request: xml.Request) -> etree._Element:
    chassis = xml.element(
        "chassis",
        xml.element("name", "Chassis"),
        xml.element("serial-number", SERIAL_NUMBER),
        xml.element("description", MODEL.upper()),
    )
    return xml.element("chassis-inventory", chassis)


def _route_engine(_device: Device, _request: xml.Request) -> etree._Element:
    engine = xml.element("route-engine", xml.element("status", "OK"), xml.element("model", f"RE-{MODEL.upper()}"))
    return xml.element("route-engine-information", engine)


def _uptime(device: Device, _request: xml.Request) -> etree._Element:
    now = device.clock.now()
    seconds = int((now - device.booted_at).total_seconds())
    booted = xml.element(
        "system-booted-time",
        _date_time(device.booted_at),
        xml.element("time-length", str(datetime.timedelta(seconds=seconds)), seconds=str(seconds)),
    )
    return xml.element("system-uptime-information", xml.element("current-time", _date_time(now)), booted)


def _interfaces(device: Device, request: xml.Request) -> etree._Element:
    if request.argument("routing-instance") is not None:
        raise syntax_error("routing-instance", ())
    result = xml.element("interface-information")
    configured = device.store.running.get("interfaces")
    for node in configured.ordered() if configured else ():
        state = "down" if node.inactive or node.get("disable") else "up"
        result.append(
            xml.element(
                "physical-interface",
                xml.element("name", node.words[0]),
                xml.element("admin-status", state),
                xml.element("oper-status", state),
                xml.element("description", node.value("description")),
            )
        )
    return result


def _commit_fields(device: Device, commit: Commit) -> list[etree._Element]:
    fields = [xml.element("user", commit.user), xml.element("client", commit.client), _date_time(commit.at)]
    comment, log = commit.comment, commit.log
    if device.faults.is_on("log-replaces-comment") and log:
        comment, log = log, ""
    return [
        *fields,
        *([xml.element("comment", comment)] if comment else []),
        *([xml.element("log", log)] if log else []),
    ]


def _revision(device: Device, _request: xml.Request) -> etree._Element:
    newest = device.store.newest
    return xml.element(
        "commit-revision-information", xml.element("revision", newest.revision), *_commit_fields(device, newest)
    )


def _commit_history(device: Device, _request: xml.Request) -> etree._Element:
    entries = (
        xml.element("commit-history", xml.element("sequence-number", str(number)), *_commit_fields(device, commit))
        for number, commit in enumerate(device.store.commits)
    )
    return xml.element("commit-information", *entries)


_ANSWERS: dict[str, tuple[frozenset[str], Callable[[Device, xml.Request], etree._Element]]] = {
    "get-software-information": (frozenset({"brief"}), _software),
    "get-chassis-inventory": (frozenset(), _chassis),
    "get-route-engine-information": (frozenset(), _route_engine),
    "get-system-uptime-information": (frozenset(), _uptime),
    "get-interface-information": (frozenset({"terse", "routing-instance"}), _interfaces),
    "get-commit-revision-information": (frozenset({"detail"}), _revision),
    "get-commit-information": (frozenset(), _commit_history),
}
