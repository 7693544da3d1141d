"""The HTTP and JSON-RPC side, without the driver: what a careless or hostile client meets."""

import base64
import contextlib
import http.client
import json
import socket
import ssl
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.lab


def connect(switch: SimpleNamespace, timeout_s: float = 10.0) -> http.client.HTTPSConnection:
    return http.client.HTTPSConnection(
        "127.0.0.1", switch.emulator.port, context=switch.pki.context(), timeout=timeout_s
    )


def login(switch: SimpleNamespace, user: str = "healer") -> dict[str, str]:
    text = f"{user}:{switch.passwords[user]}"
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def call(cmds: object, **params: object) -> str:
    fields = {"version": 1, "cmds": cmds, "format": "json"} | params
    return json.dumps({"jsonrpc": "2.0", "method": "runCmds", "params": fields, "id": "7"})


def post(
    switch: SimpleNamespace, body: str, user: str = "healer", path: str = "/command-api"
) -> tuple[int, SimpleNamespace]:
    link = connect(switch)
    try:
        link.request("POST", path, body=body, headers=login(switch, user))
        reply = link.getresponse()
        content = reply.read()
        return reply.status, SimpleNamespace(**(json.loads(content) if reply.status == 200 else {}))
    finally:
        link.close()


def test_reply_repeats_the_id_and_answers_each_command(switch: SimpleNamespace) -> None:
    status, reply = post(switch, call(["enable", "show hostname", {"cmd": "show version"}], version="latest"))
    assert (status, reply.id, len(reply.result)) == (200, "7", 3)
    assert reply.result[1] == {"hostname": "leaf1", "fqdn": "leaf1"}


def test_refused_command_says_where_and_keeps_what_ran_before(switch: SimpleNamespace) -> None:
    _status, reply = post(switch, call(["enable", "show hostname", "show nonsense", "show version"]))
    assert reply.error["code"] == 1002
    assert reply.error["message"] == "CLI command 3 of 4 'show nonsense' failed: invalid command"
    assert reply.error["data"] == [
        {},
        {"hostname": "leaf1", "fqdn": "leaf1"},
        {"errors": ["Invalid input (at token 1: 'nonsense')"]},
    ]


def test_text_only_command_is_unconverted_in_json(switch: SimpleNamespace) -> None:
    _status, reply = post(switch, call(["enable", "show running-config"]))
    assert reply.error["code"] == 1003


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", -32700),
        ("[]", -32600),
        ('{"jsonrpc": "2.0", "method": "reload", "params": {}, "id": 1}', -32601),
        (call("show version"), -32602),
        (call(["show version"], version=3), -32602),
        (call(["show version"], format="xml"), -32602),
        (call([7]), -32602),
        (call([{"cmd": "enable", "input": 7}]), -32602),
    ],
)
def test_malformed_calls_are_json_rpc_errors(switch: SimpleNamespace, body: str, code: int) -> None:
    assert post(switch, body)[1].error["code"] == code


def test_requests_without_a_good_login_get_401(switch: SimpleNamespace) -> None:
    good = login(switch)["Authorization"]
    for value in (
        "",
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"healer").decode(),
        good.replace("Basic", "X"),
    ):
        link = connect(switch)
        link.request("POST", "/command-api", body=call(["show version"]), headers={"Authorization": value})
        assert link.getresponse().status == 401
        link.close()


def test_other_paths_methods_and_lengths_are_refused(switch: SimpleNamespace) -> None:
    assert post(switch, call(["show version"]), path="/other")[0] == 404
    link = connect(switch)
    link.request("GET", "/command-api", headers=login(switch))
    assert link.getresponse().status == 501
    link.close()
    link = connect(switch)
    link.putrequest("POST", "/command-api")
    link.putheader("Content-Length", str(1 << 40))
    link.endheaders()
    assert link.getresponse().status == 413
    link.close()


def test_lock_out_ends_new_connections_and_spares_the_old_one(switch: SimpleNamespace) -> None:
    link = connect(switch)
    link.request("POST", "/command-api", body=call(["show version"]), headers=login(switch))
    assert link.getresponse().read()
    switch.ask("scenario", name="lockout")
    link.request("POST", "/command-api", body=call(["show hostname"]), headers=login(switch))
    assert json.loads(link.getresponse().read())["result"][0]["hostname"] == "leaf1"
    with pytest.raises((ConnectionError, ssl.SSLError)):
        post(switch, call(["show version"]))
    link.close()


@pytest.mark.parametrize(
    "lines",
    [
        ["management api http-commands", "shutdown"],
        ["management api http-commands", "vrf default", "shutdown"],
        ["management api http-commands", "no protocol https"],
        ["no management api http-commands"],
        ["no ip access-list standard MGMT", "ip access-list standard MGMT", "permit host 192.0.2.7"],
        ["no ip access-list standard MGMT", "ip access-list MGMT", "permit tcp any any eq ssh", "deny ip any any"],
    ],
)
def test_management_access_follows_the_running_configuration(switch: SimpleNamespace, lines: list[str]) -> None:
    assert switch.ask("cli", user="mallory", lines=lines)["errors"] == []
    with pytest.raises((ConnectionError, ssl.SSLError)):
        post(switch, call(["show version"]))
    switch.ask("scenario", name="revert")
    assert post(switch, call(["show version"]))[0] == 200


@pytest.mark.parametrize(
    "lines",
    [
        ["no ip access-list standard MGMT"],
        ["no ip access-list standard MGMT", "ip access-list MGMT", "permit tcp 127.0.0.0/8 any eq https"],
        ["management api http-commands", "vrf default", "no ip access-group"],
    ],
)
def test_management_access_stays_open_where_the_configuration_permits(
    switch: SimpleNamespace, lines: list[str]
) -> None:
    assert switch.ask("cli", user="mallory", lines=lines)["errors"] == []
    assert post(switch, call(["show version"]))[0] == 200


def test_silent_and_plain_text_clients_hold_up_nobody(switch: SimpleNamespace) -> None:
    with socket.create_connection(("127.0.0.1", switch.emulator.port), timeout=10) as silent:
        with socket.create_connection(("127.0.0.1", switch.emulator.port), timeout=10) as plain:
            plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
            with contextlib.suppress(ConnectionResetError):
                assert plain.recv(100)[:5] != b"HTTP/"
        assert post(switch, call(["show version"]))[0] == 200
        assert silent.fileno() >= 0


def test_unprivileged_login_needs_enable_and_its_password(switch: SimpleNamespace) -> None:
    switch.ask("cli", user="mallory", lines=["enable secret sesame", "no username reader"])
    switch.ask("cli", user="mallory", lines=[f"username reader role network-admin secret {switch.passwords['reader']}"])
    _status, reply = post(switch, call(["show running-config"], format="text"), "reader")
    assert reply.error["data"][-1]["errors"] == ["Invalid input (privileged mode required)"]
    _status, reply = post(switch, call(["enable", "show running-config"], format="text"), "reader")
    assert reply.error["data"][-1]["errors"] == ["Bad secret"]
    enable = {"cmd": "enable", "input": "sesame"}
    _status, reply = post(switch, call([enable, "show running-config | include ^hostname"], format="text"), "reader")
    assert reply.result[1] == {"output": "hostname leaf1\n"}
    assert not [command for command in switch.commands() if "sesame" in command]


def test_section_filter_keeps_whole_sections(switch: SimpleNamespace) -> None:
    _status, reply = post(switch, call(["enable", "show running-config | section Vlan110"], format="text"))
    assert reply.result[1]["output"] == (
        "interface Vlan110\n   description card-data environment\n   ip address 203.0.113.1/25\n"
    )


def test_session_limit_is_five_pending(switch: SimpleNamespace) -> None:
    for number in range(5):
        assert post(switch, call(["enable", f"configure session s{number}", "end"]))[1].result is not None
    _status, reply = post(switch, call(["enable", "configure session s5", "end"]))
    assert reply.error["code"] == 1000
    assert "Maximum number of pending sessions" in reply.error["data"][-1]["errors"][0]


def test_committed_session_name_cannot_be_entered_again(switch: SimpleNamespace) -> None:
    assert post(switch, call(["enable", "configure session s", "vlan 10", "commit"]))[1].result is not None
    assert "vlan 10" in switch.running()
    for command in ("configure session s", "configure session s abort", "configure session s commit"):
        assert "already committed" in post(switch, call(["enable", command]))[1].error["data"][-1]["errors"][0]


def test_live_configuration_mode_applies_at_once(switch: SimpleNamespace) -> None:
    cmds = ["enable", "configure", "interface Ethernet3", "description now", "exit", "vlan 10", "end", "write memory"]
    assert post(switch, call(cmds))[1].result is not None
    assert "description now" in switch.running()
    assert "description now" in switch.emulator.device.startup_text()
