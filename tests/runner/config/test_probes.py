"""Probes in murenger.yml: what they may say, and that everything else is an error naming file, line and remedy."""

import pathlib
from collections.abc import Callable

import napalm.base
import pytest

from murenger.config import load
from murenger.errors import ConfigError
from murenger.model.probe import GETTERS, GetterProbe, PlaybookProbe, Probe, TcpProbe

Write = Callable[[str | bytes], pathlib.Path]

TCP = "{name: web, type: tcp, host: 192.0.2.10, port: 443, expect: open"
GETTER = "{name: bgp, type: getter, getter: get_bgp_neighbors"
# Left out on purpose: they show configuration text, password hashes, communities or keys, or need an argument.
UNSAFE = {
    "get_bgp_config",
    "get_config",
    "get_firewall_policies",
    "get_probes_config",
    "get_route_to",
    "get_snmp_information",
    "get_users",
}


def with_probes(complete: str, *probes: str) -> str:
    listed = "".join(f"\n      - {probe}" for probe in probes)
    return complete.replace("    jitter: 30\n", f"    jitter: 30\n    probes:{listed}\n")


@pytest.fixture
def read(write: Write, complete: str) -> Callable[..., tuple[Probe, ...]]:
    return lambda *probes: load(file=write(with_probes(complete, *probes))).policies[0].probes


@pytest.fixture
def refusal(write: Write, complete: str) -> Callable[..., str]:
    def refused(*probes: str) -> str:
        with pytest.raises(ConfigError) as caught:
            load(file=write(with_probes(complete, *probes)))
        return str(caught.value)

    return refused


def test_a_policy_without_probes_has_none(write: Write, complete: str) -> None:
    assert load(file=write(complete)).policies[0].probes == ()


def test_tcp_probes_are_read(read: Callable[..., object]) -> None:
    assert read(TCP + "}", TCP.replace("web", "far").replace("open", "closed, from: host1, timeout: 9s") + "}") == (
        TcpProbe(name="web", host="192.0.2.10", port=443, is_open=True),
        TcpProbe(name="far", host="192.0.2.10", port=443, is_open=False, vantage="host1", timeout_s=9),
    )


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("global.is_up", ("global", "is_up")),
        ("interface_list.0", ("interface_list", "0")),
        ('global.peers."192.0.2.1".is_up', ("global", "peers", "192.0.2.1", "is_up")),
        ('"a b"', ("a b",)),
    ],
)
def test_a_path_is_keys_and_numbers(read: Callable[..., tuple[GetterProbe]], path: str, keys: tuple[str, ...]) -> None:
    (probe,) = read(GETTER + f", path: '{path}', equals: true}}")
    assert probe == GetterProbe(name="bgp", getter="get_bgp_neighbors", path=keys, expected=True)


@pytest.mark.parametrize(
    ("text", "value"), [("yes", "yes"), ("true", True), ("3", 3), ("-1.5", -1.5), ("'3'", "3"), ("x y", "x y")]
)
def test_what_is_expected_keeps_its_type(read: Callable[..., tuple[GetterProbe]], text: str, value: object) -> None:
    (probe,) = read(GETTER + f", equals: {text}}}")
    assert probe.expected == value
    assert type(probe.expected) is type(value)
    assert not probe.is_contained


def test_playbook_probes_are_read(read: Callable[..., object], tmp_path: pathlib.Path) -> None:
    (tmp_path / "look.yml").write_text("---\n", encoding="utf-8")
    assert read(
        "{name: a, type: playbook, playbook: look.yml}", "{name: b, type: playbook, playbook: x.y.z, timeout: 2m}"
    ) == (
        PlaybookProbe(name="a", playbook=str(tmp_path / "look.yml")),
        PlaybookProbe(name="b", playbook="x.y.z", timeout_s=120),
    )


@pytest.mark.parametrize(
    ("probe", "said"),
    [
        ("{name: x, type: udp}", "'type' must be one of tcp, getter, playbook"),
        ("{type: tcp}", "required key 'name' is missing"),
        ('{name: "a\\u001bb", type: tcp}', "is not a name for a probe"),
        (TCP.replace(", expect: open", "") + "}", "required key 'expect' is missing"),
        (TCP.replace("open", "filtered") + "}", "'expect' must be one of open, closed"),
        (TCP.replace("443", "0") + "}", "'port' must be 1 to 65535"),
        (TCP.replace("443", "65536") + "}", "'port' must be 1 to 65535"),
        (TCP.replace("192.0.2.10", "'-oProxyCommand=x'") + "}", "neither a host name nor an address"),
        (TCP.replace("192.0.2.10", "'a b'") + "}", "neither a host name nor an address"),
        (TCP + ", from: 'all'}", "is not the name of one host"),
        (TCP + ", from: 'a:b'}", "is not the name of one host"),
        (TCP + ", timeout: 0}", "at least 1 seconds"),
        (TCP + ", timeout: 11m}", "at most 600 seconds"),
        (TCP + ", equals: 1}", "unknown key 'equals'"),
        (GETTER + "}", "give exactly one of equals and contains"),
        (GETTER + ", equals: 1, contains: 2}", "give exactly one of equals and contains"),
        (GETTER + ", equals: [1]}", "must be a text, a decimal number, true or false"),
        (GETTER + ", equals: 0x10}", "must be a text, a decimal number, true or false"),
        (GETTER + ", equals: ''}", "must have 1 to 200 characters"),
        (GETTER + ", path: 'a..b', equals: 1}", "is not a path"),
        (GETTER + ", path: 'a.', equals: 1}", "is not a path"),
        (GETTER + ", path: 'a[0]\"b\"', equals: 1}", "is not a path"),
        (GETTER + f", path: '{'a.' * 20}a', equals: 1}}", "is not a path"),
        ("{name: x, type: getter, getter: get_bgp_neighbours, equals: 1}", "did you mean 'get_bgp_neighbors'?"),
        ("{name: x, type: getter, getter: get_config, equals: 1}", "is not a getter that probes may use"),
        ("{name: x, type: getter, getter: load_replace_candidate, equals: 1}", "is not a getter"),
        ("{name: x, type: playbook, playbook: nowhere.yml}", "there is no playbook at"),
        ("{name: x, type: playbook}", "required key 'playbook' is missing"),
        ("7", "must be a section"),
    ],
)
def test_what_is_wrong_names_file_line_and_remedy(refusal: Callable[..., str], probe: str, said: str) -> None:
    told = refusal(probe)
    assert said in told
    assert "murenger.yml:3" in told


def test_two_probes_of_one_name_and_too_many_are_refused(refusal: Callable[..., str]) -> None:
    assert "another probe is called 'web' too" in refusal(TCP + "}", TCP + "}")
    assert "more than 20 probes" in refusal(*(TCP.replace("web", f"w{number}") + "}" for number in range(21)))


def test_the_getters_are_napalms_own_but_those_that_show_secrets() -> None:
    known = {name for name in dir(napalm.base.NetworkDriver) if name.startswith("get_")}
    assert known == set(GETTERS) | UNSAFE
    assert not set(GETTERS) & UNSAFE
