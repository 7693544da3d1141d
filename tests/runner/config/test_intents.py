"""intents.yml: what it says, and one clear error with file and line for whatever is wrong with it."""

import pathlib

import pytest

from murenger.config.intents import load_intents, read_intents
from murenger.errors import ConfigError
from murenger.model.impact import Risk
from murenger.model.intent import ANY, ANY_SERVICE, DEVICE, Expect, Segment, ServicePart, Traffic
from murenger.semantics.intents import contradictions

FILE = pathlib.Path("intents.yml")
COMPLETE = """\
version: 1
segments:
  - name: app
    prefixes: [10.2.0.0/24, 2001:db8:2::/64]
  - name: card-db
    prefixes: 10.1.2.3/32
    interfaces: [eth1]
    crown_jewel: true
    scope: CDE
  - name: office
    zones: [trust]
groups:
  - name: inside
    members: [app, office]
services:
  - name: postgres
    protocol: tcp
    ports: [5432, 6000-6010]
  - name: ping
    protocol: [icmp, icmpv6]
    types: [8]
intents:
  - name: cde-only-from-app
    expect: only
    from: app
    to: card-db
    services: [postgres]
    severity: critical
    owner: ciso@example.net
    reference: PCI DSS 1.3.1
    except:
      - {from: office, services: ping}
  - name: manage
    expect: permit
    from: inside
    to: device
    services: ping
    severity: low
    devices: [fw1]
  - name: no-telnet
    expect: deny
    severity: medium
"""


def refusal(text: str, row: str) -> str:
    """Return the one line of the error, which must name the last row that holds these words."""
    with pytest.raises(ConfigError) as caught:
        read_intents(FILE, text.encode())
    line = max(number for number, one in enumerate(text.splitlines(), 1) if row in one)
    assert str(caught.value).startswith(f"intents.yml:{line}: "), caught.value
    assert "\n" not in str(caught.value)
    assert "murenger.yml" not in str(caught.value)
    return str(caught.value)


def test_only_these_is_a_denial_of_everybody_but_these() -> None:
    only = read_intents(FILE, COMPLETE.encode()).intents[0]
    assert (only.expect, only.sources, only.services) == (Expect.DENY, (ANY,), (ANY_SERVICE,))
    assert [segment.name for segment in only.destinations] == ["card-db"]
    first, second = only.exceptions
    assert ([one.name for one in first.sources], [one.name for one in first.services]) == (["app"], ["postgres"])
    assert ([one.name for one in second.sources], second.destinations) == (["office"], only.destinations)
    assert (only.severity, only.owner, only.reference) == (Risk.CRITICAL, "ciso@example.net", "PCI DSS 1.3.1")


def test_segments_groups_and_services_are_read() -> None:
    intents = read_intents(FILE, COMPLETE.encode())
    app, card_db, office = intents.segments
    assert app == Segment(name="app", prefixes=("10.2.0.0/24", "2001:db8:2::/64"))
    assert card_db == Segment(
        name="card-db", prefixes=("10.1.2.3/32",), places=("eth1",), crown_jewel=True, scope="CDE"
    )
    assert office == Segment(name="office", places=("trust",))
    assert intents.intents[1].sources == (app, office)
    assert intents.intents[1].destinations == (DEVICE,)
    postgres, ping = intents.services
    assert postgres.parts == (ServicePart(protocols=(6, 6), destination=((5432, 5432), (6000, 6010))),)
    assert ping.parts == tuple(ServicePart(protocols=(number, number), source=((8, 8),)) for number in (1, 58))


def test_what_is_left_out_is_any() -> None:
    last = read_intents(FILE, COMPLETE.encode()).intents[2]
    said = Traffic()
    assert (last.sources, last.destinations, last.services) == (said.sources, said.destinations, said.services)


def test_an_intent_for_some_devices_is_not_asked_of_others() -> None:
    intents = read_intents(FILE, COMPLETE.encode())
    assert [intent.name for intent in intents.for_device("fw2").intents] == ["cde-only-from-app", "no-telnet"]
    assert len(intents.for_device("fw1").intents) == 3


@pytest.mark.parametrize(
    ("old", "new", "row", "says"),
    [
        ("version: 1", "version: 2", "version: 2", "version 2 is not known"),
        ("    scope: CDE", "    scoop: CDE", "scoop", "did you mean 'scope'?"),
        ("    scope: CDE", "    scope: CDE\n    scope: X", "scope: X", "duplicate key 'scope'"),
        ("10.1.2.3/32", "10.1.2.3/33", "/33", "no IPv4 or IPv6 prefix"),
        ("10.1.2.3/32", "10.1.2.3/24", "10.1.2.3/24", "is 10.1.2.0/24 meant?"),
        ("10.1.2.3/32", "10.1.2.256", ".256", "no IPv4 or IPv6 prefix"),
        ("members: [app, office]", "members: [app, offce]", "offce", "did you mean 'office'?"),
        ("members: [app, office]", "members: []", "members", "'members' is empty"),
        ("    from: inside", "    from: insid", "from: insid", "unknown segment 'insid'"),
        ("services: [postgres]", "services: [postgre]", "postgre]", "unknown service 'postgre'"),
        ("  - name: office", "  - name: app", "  - name: app", "is given twice"),
        ("  - name: office", "  - name: any", "  - name: any", "a meaning of its own"),
        ("  - name: inside", "  - name: card-db", "name: card-db", "is given twice"),
        ("  - name: no-telnet", '  - name: "a\\e[31m"', "31m", "'name' is no name"),
        ("expect: only", "expect: never", "never", "'expect' must be one of permit, deny, only"),
        ("severity: critical", "severity: dire", "dire", "'severity' must be one of low, medium, high, critical"),
        ("    severity: medium\n", "", "  - name: no-telnet", "required key 'severity' is missing"),
        ("    to: card-db", "    to: any", "    to: any", "'only' needs a 'to'"),
        ("    from: inside", "    from: device", "from: device", "no traffic that it filters"),
        ("ports: [5432, 6000-6010]", "ports: [5432, 70000]", "70000", "'70000' in 'ports'"),
        ("ports: [5432, 6000-6010]", "ports: [9-8]", "9-8", "'9-8' in 'ports'"),
        ("types: [8]", "types: [256]", "256", "'256' in 'types'"),
        ("types: [8]", "ports: [8]", "protocol: [icmp", "ports belong to tcp"),
        ("    protocol: tcp\n", "    protocol: tpc\n", "tpc", "did you mean 'tcp'?"),
        ("    zones: [trust]", "    zones: ['a b']", "a b", "not the name of a zone"),
        ("    zones: [trust]\n", "", "  - name: office", "without prefixes, zones or interfaces"),
        ("devices: [fw1]", "devices: ['fw*']", "fw*", "'fw*' is not a device name"),
        ("crown_jewel: true", "crown_jewel: maybe", "maybe", "must be true or false"),
        ("    from: app", "    from: &x app", "&x", "an anchor or alias"),
        ("    from: app", "    from: {a: b}", "a: b", "must be a word or a list of words"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(old: str, new: str, row: str, says: str) -> None:
    text = COMPLETE.replace(old, new, 1)
    assert text != COMPLETE
    assert says in refusal(text, row)


@pytest.mark.parametrize(
    "content", [b"", b"version: 1\n", b"[]", b"\xff\xfe", b"version: 1\nintents: []\n", b"- a\n- b\n", b"{" * 100]
)
def test_what_is_no_intents_file_is_refused(content: bytes) -> None:
    with pytest.raises(ConfigError, match=r"^intents\.yml"):
        read_intents(FILE, content)


def test_a_file_that_is_not_there_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.yml: cannot be read"):
        load_intents(tmp_path / "absent.yml")


def test_the_example_of_the_guide_is_read_and_contradicts_nothing() -> None:
    guide = pathlib.Path(__file__).parents[3] / "docs" / "guides" / "intents.md"
    example = guide.read_text(encoding="utf-8").split("```yaml\n", 1)[1].split("```", 1)[0]
    intents = read_intents(FILE, example.encode())
    assert [intent.name for intent in intents.intents] == [
        "cde-only-from-app",
        "app-works",
        "no-management-from-internet",
    ]
    assert contradictions(intents) == ()
