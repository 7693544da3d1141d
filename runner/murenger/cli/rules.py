"""`murenger intents rules`: which rules of a configuration decide nothing?

Input: a configuration. Output: one line for each rule that never matches, is shadowed or is redundant; exit 0 none,
1 some or not decided, 2 trouble.
"""

import argparse

from murenger.cli import arguments
from murenger.cli.output import DRIFT, IN_SYNC, emit
from murenger.cli.rulesets import add_rules, read_ruleset
from murenger.secrets import escape_for_terminal, redact
from murenger.semantics.hygiene import Fault, Finding, hygiene
from murenger.semantics.ir import Provenance
from murenger.semantics.verdict import Limits

SCHEMA = "murenger.rules/1"

_WORDS = {
    Fault.NEVER: "no packet can match it",
    Fault.SHADOWED: "rules before it decide all that it matches",
    Fault.REDUNDANT: "without it the rules after it would decide alike",
}


def register(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action to the verb `intents`."""
    parser = actions.add_parser("rules", help="which rules never match, are shadowed or are redundant?")
    arguments.add_output(parser)
    add_rules(parser, needed=True)
    parser.add_argument(
        "--cpu", type=int, default=60, metavar="SECONDS", help="CPU time to use at most (default: %(default)s)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the findings."""
    found = hygiene(read_ruleset(args.platform, args.config), Limits(cpu_s=max(args.cpu, 1)))
    lines = [_line(finding) for finding in found.findings]
    lines += [f"not decided: {redact(unknown.text)}" for unknown in found.unknowns]
    data = {
        "schema": SCHEMA,
        "platform": args.platform,
        "findings": [_data(finding) for finding in found.findings],
        "unknowns": [f"{unknown.reason.value}: {redact(unknown.text)}" for unknown in found.unknowns],
    }
    text = "".join(f"{escape_for_terminal(line)}\n" for line in lines) or "every rule decides something\n"
    emit(args, text=text, data=data)
    return DRIFT if lines else IN_SYNC


def _line(finding: Finding) -> str:
    by = f" ({', '.join(_named(rule) for rule in finding.by)})" if finding.by else ""
    where = f"{_named(finding.rule)} in {redact(finding.rule_list)}"
    return f"{finding.fault.value}: {where}: {_WORDS[finding.fault]}{by}"


def _named(rule: Provenance) -> str:
    return redact(rule.rule) + (f", line {rule.first_line}" if rule.first_line else "")


def _data(finding: Finding) -> dict[str, object]:
    return {
        "fault": finding.fault.value,
        "list": redact(finding.rule_list),
        **_rule(finding.rule),
        "by": [_rule(rule) for rule in finding.by],
    }


def _rule(rule: Provenance) -> dict[str, object]:
    lines = [rule.first_line, rule.last_line] if rule.first_line else None
    return {"rule": redact(rule.rule), "lines": lines}
