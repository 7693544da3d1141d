"""What the emulated switch answers to `show` commands, as JSON values and as text.

Input: the device. Output: JSON objects with the keys that eAPI gives them, or plain text.
"""

import re
from collections.abc import Callable
from typing import TypeAlias

from murenger.lab.eos import editor, render, tree
from murenger.lab.eos.device import Device
from murenger.lab.eos.faults import ANOTHER_NAME, Fault
from murenger.lab.eos.sessions import MAX_COMPLETED, MAX_PENDING, State

Json: TypeAlias = dict[str, object]

_MAC = "00:1c:73:00:00:01"
_DEFAULT_MTU = {"Management": 1500, "Loopback": 65535}


def version(device: Device) -> Json:
    """Answer `show version`."""
    uptime = device.uptime_s()
    return {
        "mfgName": "Arista",
        "modelName": "vEOS-lab",
        "hardwareRevision": "",
        "serialNumber": "LAB0000000001",
        "systemMacAddress": _MAC,
        "hwMacAddress": "00:00:00:00:00:00",
        "configMacAddress": "00:00:00:00:00:00",
        "version": device.release,
        "architecture": "x86_64",
        "internalVersion": f"{device.release}-00000000.lab",
        "internalBuildId": "00000000-0000-0000-0000-000000000000",
        "imageFormatVersion": "3.0",
        "imageOptimization": "None",
        "bootupTimestamp": device.clock.now().timestamp() - uptime,
        "uptime": uptime,
        "memTotal": 4002356,
        "memFree": 2702852,
        "isIntlVersion": False,
    }


def version_text(device: Device) -> str:
    """Answer `show version` in text."""
    facts = version(device)
    minutes = int(device.uptime_s() // 60)
    return (
        f"Arista {facts['modelName']}\nHardware version: \nSerial number: {facts['serialNumber']}\n"
        f"Hardware MAC address: {facts['systemMacAddress']}\nSystem MAC address: {facts['systemMacAddress']}\n\n"
        f"Software image version: {facts['version']}\nArchitecture: {facts['architecture']}\n"
        f"Internal build version: {facts['internalVersion']}\nInternal build ID: {facts['internalBuildId']}\n\n"
        f"Uptime: {minutes // 60} hours and {minutes % 60} minutes\n"
        f"Total memory: {facts['memTotal']} kB\nFree memory: {facts['memFree']} kB\n"
    )


def hostname(device: Device) -> Json:
    """Answer `show hostname`."""
    domain = device.running.child("dns domain")
    name = device.hostname
    fqdn = name if domain is None else f"{name}.{domain.line.removeprefix('dns domain ')}"
    return {"hostname": name, "fqdn": fqdn}


def hostname_text(device: Device) -> str:
    """Answer `show hostname` in text."""
    names = hostname(device)
    return f"Hostname: {names['hostname']}\nFQDN:     {names['fqdn']}\n"


def _interface(slot: str, node: tree.Node) -> Json:
    name = slot.removeprefix("interface ")
    kind = name.rstrip("0123456789")
    words = {key: child.line.removeprefix(f"{key} ") for key, child in node.children.items()}
    disabled = "shutdown" in words
    address, _, length = words.get("ip address", "").partition("/")
    shown: Json = {
        "name": name,
        "description": words.get("description", ""),
        "mtu": int(words.get("mtu", str(_DEFAULT_MTU.get(kind, 1500)))),
        "bandwidth": 0 if kind in {"Loopback", "Vlan"} else 1_000_000_000,
        "hardware": {"Loopback": "loopback", "Vlan": "vlan", "Port-Channel": "portChannel"}.get(kind, "ethernet"),
        "interfaceStatus": "disabled" if disabled else "connected",
        "lineProtocolStatus": "down" if disabled else "up",
        "physicalAddress": _MAC,
        "forwardingModel": "routed" if "ip address" in words else "bridged",
        "interfaceAddress": [],
    }
    if address:
        shown["interfaceAddress"] = [{"primaryIp": {"address": address, "maskLen": int(length)}}]
    return shown


def interfaces(device: Device) -> Json:
    """Answer `show interfaces`."""
    found = {slot: node for slot, node in device.running.children.items() if slot.startswith("interface ")}
    return {"interfaces": {slot.removeprefix("interface "): _interface(slot, node) for slot, node in found.items()}}


def vlans(device: Device) -> Json:
    """Answer `show vlan`."""
    found: Json = {"1": {"name": "default", "status": "active", "dynamic": False, "interfaces": {}}}
    for slot, node in device.running.children.items():
        if slot.startswith("vlan "):
            number = slot.removeprefix("vlan ")
            name = node.child("name")
            label = f"VLAN{int(number):04d}" if name is None else name.line.removeprefix("name ")
            found[number] = {"name": label, "status": "active", "dynamic": False, "interfaces": {}}
    return {"vlans": found}


def access_lists(device: Device) -> Json:
    """Answer `show ip access-lists`."""
    found: list[Json] = []
    for slot, node in device.running.children.items():
        if not slot.startswith("ip access-list "):
            continue
        standard = slot.startswith("ip access-list standard ")
        sequence = [{"sequenceNumber": number, "text": entry.line} for number, entry in editor.entries(node)]
        name = slot.rsplit(" ", 1)[-1]
        found.append({"name": name, "standard": standard, "readonly": False, "sequence": sequence})
    return {"aclList": found}


def access_lists_text(device: Device) -> str:
    """Answer `show ip access-lists` in text."""
    lines: list[str] = []
    for slot, node in device.running.children.items():
        if slot.startswith("ip access-list "):
            kind = "Standard IP" if slot.startswith("ip access-list standard ") else "IP"
            lines.append(f"{kind} Access List {slot.rsplit(' ', 1)[-1]}")
            lines += [f"        {number} {entry.line}" for number, entry in editor.entries(node)]
    return "\n".join([*lines, ""])


def sessions(device: Device, *, detail: bool = False) -> Json:
    """Answer `show configuration sessions [detail]`."""
    old_style = device.release.startswith("4.31")
    table: Json = {}
    trial = device.sessions.trial
    for session in device.sessions.all():
        on_trial = session.state is State.ON_TRIAL
        state = "committed" if on_trial and not old_style else session.state.value
        shown: Json = {"state": state, "commitUser": session.commit_user, "description": "", "instances": {}}
        if session.completed_at is not None:
            shown["completedTime"] = session.completed_at
        if session.state is State.PENDING:
            shown["instances"] = {"1": {"user": session.owner, "terminal": "vty3", "currentTerminal": False}}
        if on_trial and old_style and trial is not None and detail:
            shown["commitBy"] = device.uptime_s(trial.deadline_s)
        table[session.name] = shown
    answer: Json = {
        "sessions": table,
        "maxSavedSessions": MAX_COMPLETED,
        "maxOpenSessions": MAX_PENDING,
        "mergeOnCommit": False,
        "saveToStartupConfigOnCommit": False,
    }
    if detail and trial is not None and not old_style:
        answer["commitTimerSessionName"] = trial.session
        answer["commitTimerExpireTime"] = device.uptime_s(trial.deadline_s)
    return answer


def sessions_text(device: Device) -> str:
    """Answer `show configuration sessions` in text."""
    lines = [
        f"Maximum number of completed sessions: {MAX_COMPLETED}",
        f"Maximum number of pending sessions: {MAX_PENDING}",
        "",
        "  Name     State      User",
        "-------- ---------- --------",
    ]
    lines += [f"  {one.name} {one.state.value} {one.commit_user or one.owner}" for one in device.sessions.all()]
    return "\n".join([*lines, ""])


def _spelling(device: Device) -> render.Spelling:
    prefix = device.faults.peek(Fault.RESALT)
    return render.as_stored if prefix is None else render.resalted(prefix if isinstance(prefix, str) else "")


def stable_spelling(device: Device) -> render.Spelling:
    """Return how lines are compared: a secret that is written anew at each read is equal to itself."""
    prefix = device.faults.peek(Fault.RESALT)
    return render.as_stored if prefix is None else render.resalted(prefix if isinstance(prefix, str) else "", 0)


def config_text(device: Device, config: tree.Node, command: str) -> str:
    """Return a session's configuration as `command` shows it."""
    spell = render.sanitized if command.endswith(" sanitized") else _spelling(device)
    return device.text(config, command, spell)


def running_text(device: Device, command: str) -> str:
    """Answer `show running-config [all] [sanitized]`, with the faults that are switched on."""
    if device.faults.strike(Fault.EMPTY):
        return ""
    config = device.running
    candidate = device.sessions.newest_pending()
    if candidate is not None and device.faults.strike(Fault.CANDIDATE_AS_RUNNING):
        config = candidate.config
    text = config_text(device, config, command)
    if device.faults.strike(Fault.OTHER_DEVICE):
        text = re.sub(r"^hostname .*$", f"hostname {ANOTHER_NAME}", text, flags=re.MULTILINE)
        text = re.sub(r"^( +)(\d+ )?deny ", r"\1\2permit ", text, flags=re.MULTILINE)
    wrong = device.faults.strike(Fault.WRONG_HOSTNAME)
    if isinstance(wrong, str):
        text = re.sub(r"^hostname .*$", lambda _found: f"hostname {wrong}", text, flags=re.MULTILINE)
    kept = device.faults.strike(Fault.TRUNCATE)
    if isinstance(kept, int):
        text = "".join(text.splitlines(keepends=True)[:kept])
    return text


JSON_SHOWS: dict[str, Callable[[Device], Json]] = {
    "show version": version,
    "show hostname": hostname,
    "show interfaces": interfaces,
    "show vlan": vlans,
    "show ip access-lists": access_lists,
    "show configuration sessions": sessions,
    "show configuration sessions detail": lambda device: sessions(device, detail=True),
}

TEXT_SHOWS: dict[str, Callable[[Device], str]] = {
    "show version": version_text,
    "show hostname": hostname_text,
    "show ip access-lists": access_lists_text,
    "show configuration sessions": sessions_text,
    "show configuration sessions detail": sessions_text,
    "show startup-config": lambda device: device.startup_text(),
}
