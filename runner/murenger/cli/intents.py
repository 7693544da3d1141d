"""`murenger intents check`: does golden policy keep what it is for? For people, and for CI of a golden repository.

Input: golden policy of devices and its intents.yml, or a configuration and an intents file. Output: one line for each
intent, a counterexample packet for each failure; exit 0 all hold, 1 one fails or is not decided, 2 trouble.
"""

import argparse
import json
import pathlib
from collections.abc import Iterator, Sequence

from murenger.cli import arguments, options, rules
from murenger.cli.output import DRIFT, IN_SYNC, TROUBLE, complain, emit, error_data, say, worst
from murenger.cli.rulesets import add_rules, read_ruleset
from murenger.config.intents import FILE_NAME, load_intents
from murenger.errors import ConfigError, MurengerError
from murenger.model.device import Device
from murenger.model.intent import Intents
from murenger.model.packet import Packet, packet_to_json
from murenger.secrets import escape_for_terminal, redact
from murenger.semantics.intents import Contradiction, Holding, IntentResult, check, contradictions
from murenger.semantics.verdict import Decider, Limits
from murenger.wiring import Site
from murenger.wiring.tracing import ruleset_of

SCHEMA = "murenger.intents/1"


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("intents", help="does golden policy keep what it is for?")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    checking = actions.add_parser("check", help="prove each intent of intents.yml, or show a packet that breaks it")
    arguments.add_output(checking)
    checking.add_argument(
        "--config", type=pathlib.Path, metavar="FILE", help="murenger.yml; with --platform, a device's configuration"
    )
    checking.add_argument("-i", "--inventory", type=pathlib.Path, metavar="PATH", help="inventory, not the file's")
    arguments.add_limit(checking)
    checking.add_argument(
        "--intents", type=pathlib.Path, metavar="FILE", help=f"intents (default: {FILE_NAME} of the golden repository)"
    )
    add_rules(checking, needed=False)
    checking.set_defaults(run=run)
    rules.register(actions)


def run(args: argparse.Namespace) -> int:
    """Check the intents."""
    if args.platform is None:
        return _site(args)
    if args.config is None or args.intents is None:
        raise ConfigError("one configuration is checked with all of --platform, --config and --intents")
    intents = load_intents(args.intents)
    found = contradictions(intents)
    results = check(read_ruleset(args.platform, args.config), intents)
    return _tell(args, [(str(args.config), args.platform, results)], found)


def _site(args: argparse.Namespace) -> int:
    site = options.site_of(args)
    intents = load_intents(args.intents) if args.intents else _golden_intents(site)
    found: list[tuple[str, str, Sequence[IntentResult] | MurengerError]] = []
    for device in options.devices_of(args, site):
        try:
            found.append((device.name, device.platform, _of_device(site, device, intents)))
        except MurengerError as error:
            error.device = error.device or device.name
            complain(error)
            found.append((device.name, device.platform, error))
    return _tell(args, found, contradictions(intents))


def _golden_intents(site: Site) -> Intents:
    accepted, _ = site.desk.revision()
    intents = site.desk.intents(accepted.revision)
    if intents is None:
        raise ConfigError(
            f"the golden repository has no {FILE_NAME}",
            hint="commit one, signed as golden policy is, or give --intents",
        )
    return intents


def _of_device(site: Site, device: Device, intents: Intents) -> tuple[IntentResult, ...]:
    golden, _ = site.desk.golden(device)
    impact = site.settings.impact
    limits = Limits(cpu_s=impact.cpu_s, memory_bytes=impact.memory_mib << 20, nodes=impact.nodes)
    return check(ruleset_of(device.platform, golden.snapshot.text), intents.for_device(device.name), limits)


def _tell(
    args: argparse.Namespace,
    found: Sequence[tuple[str, str, Sequence[IntentResult] | MurengerError]],
    contradicting: Sequence[Contradiction],
) -> int:
    codes = [_code(results) for _, _, results in found]
    for one in contradicting:
        say(
            f"murenger: intents {one.permit.name} and {one.deny.name} contradict each other: "
            f"one permits and one denies {_packet(one.witness)}"
        )
        codes.append(TROUBLE)
    lines = [line for name, _, results in found for line in _lines(name, results)]
    data = {
        "schema": SCHEMA,
        "devices": [_device_data(*one) for one in found],
        "contradictions": [
            {"permit": one.permit.name, "deny": one.deny.name, "witness": packet_to_json(one.witness)}
            for one in contradicting
        ],
    }
    emit(args, text="\n".join(lines), data=data)
    return worst(codes)


def _code(results: Sequence[IntentResult] | MurengerError) -> int:
    if isinstance(results, MurengerError):
        return TROUBLE
    return IN_SYNC if all(result.holding is Holding.HOLDS for result in results) else DRIFT


def _lines(name: str, results: Sequence[IntentResult] | MurengerError) -> Iterator[str]:
    if isinstance(results, MurengerError):
        return
    count = {holding: sum(result.holding is holding for result in results) for holding in Holding}
    told = ", ".join(f"{number} {holding.value}" for holding, number in count.items() if number)
    yield escape_for_terminal(f"{name}: {told or 'no intent speaks about it'}")
    for result in results:
        yield from map(escape_for_terminal, _result_lines(result))


def _result_lines(result: IntentResult) -> Iterator[str]:
    intent = result.intent
    about = ", ".join(part for part in (intent.severity.value, intent.reference, intent.owner) if part)
    yield f"  {result.holding.value:<8}{intent.name} ({about})"
    if result.counterexample is not None:
        word = "denied" if intent.expect.value == "permit" else "permitted"
        yield f"    {word}: {_packet(result.counterexample)}"
    if result.decider is not None:
        yield f"    by: {_rule_text(result.decider)}"
    for text in result.unknowns:
        yield f"    {redact(text)}"


def _rule_text(decider: Decider) -> str:
    line = f", line {decider.rule.first_line}" if decider.rule.first_line else ""
    return redact(f"{decider.rule.rule} ({decider.rule_list}{line})").replace("\n", "\\n")


def _packet(packet: Packet) -> str:
    return json.dumps(packet_to_json(packet), separators=(",", ":"))


def _device_data(name: str, platform: str, results: Sequence[IntentResult] | MurengerError) -> dict[str, object]:
    data: dict[str, object] = {"device": name, "platform": platform}
    if isinstance(results, MurengerError):
        return data | error_data(results)
    return data | {"intents": [_result_data(result) for result in results]}


def _result_data(result: IntentResult) -> dict[str, object]:
    intent, decider = result.intent, result.decider
    rule = None
    if decider is not None:
        lines = [decider.rule.first_line, decider.rule.last_line] if decider.rule.first_line else None
        rule = {"name": redact(decider.rule.rule), "list": redact(decider.rule_list), "lines": lines}
    return {
        "name": intent.name,
        "result": result.holding.value,
        "expect": intent.expect.value,
        "severity": intent.severity.value,
        "owner": intent.owner,
        "reference": intent.reference,
        "counterexample": None if result.counterexample is None else packet_to_json(result.counterexample),
        "rule": rule,
        "unknowns": [redact(text) for text in result.unknowns],
    }
