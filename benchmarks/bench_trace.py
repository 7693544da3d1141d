"""How many packets a second `murenger trace` answers, and what limits it.

Input: `--rules N` (1,000 if not given), `--packets N` (100,000), `--rounds N` (5).
Output: packets a second of processor time: of the whole way from JSON lines to JSON lines, of each stage of it, and of
the interpreter that walks the list, on the same packets. The classifier's answers are first compared with the
interpreter's.
"""

import argparse
import io
import json
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence

from murenger.cli.trace import answer
from murenger.model.packet import TCP, Packet, packet_from_json, packet_to_json
from murenger.semantics.classifier import Classifier
from murenger.semantics.interpreter import trace
from murenger.semantics.intervals import ANY_PORT, IntervalSet
from murenger.semantics.ir import (
    EVERYTHING,
    L4,
    Action,
    Hook,
    Match,
    Places,
    Provenance,
    Rule,
    RuleList,
    Ruleset,
    State,
)

WHOLE, JSON, PACKET, CLASSIFIER = "JSON lines in, JSON lines out", "  JSON alone", "  object -> packet", "  classifier"
SEED = 20_261_122
INTERFACES = ("eth0", "eth1", "eth2", "dmz0")
# Of ten rules: how many name their protocol so.
PROTOCOLS = (6, 6, 6, 6, 6, 6, 17, 17, 1, 47)
WITH_PORTS = (6, 17)
RANGES, WITH_INTERFACE, PERMITS, AT_EDGE = 0.2, 0.3, 0.7, 0.67
PORTS = (22, 25, 53, 80, 123, 389, 443, 445, 1433, 3306, 3389, 5432, 8080, 8443)


def prefix(draw: random.Random, lengths: Sequence[int]) -> IntervalSet:
    """Return the addresses of a random IPv4 prefix."""
    size = 1 << (32 - draw.choice(lengths))
    low = (10 << 24 | draw.getrandbits(24)) & ~(size - 1)
    return IntervalSet(((low, low + size - 1),))


def rule(draw: random.Random, number: int) -> Rule:
    """Return one random rule such as firewalls have: few ports, some ranges, an interface now and then."""
    proto = draw.choice(PROTOCOLS)
    port = draw.choice(PORTS)
    dport = IntervalSet(((port, port + draw.randrange(1, 2_000) if draw.random() < RANGES else port),))
    l4 = L4(IntervalSet.single(proto), ANY_PORT, dport if proto in WITH_PORTS else ANY_PORT)
    match = Match(
        family=4,
        src=prefix(draw, (8, 16, 24, 24, 28, 32)),
        dst=prefix(draw, (16, 24, 24, 28, 32, 32)),
        l4=(l4,),
        state=State.NEW,
        ingress=Places.of(draw.choice(INTERFACES)) if draw.random() < WITH_INTERFACE else Places(),
    )
    action = Action.PERMIT if draw.random() < PERMITS else Action.DENY
    return Rule(action=action, any_of=(match,), provenance=Provenance(rule=f"rule {number}", first_line=number))


def ruleset(draw: random.Random, count: int) -> Ruleset:
    """Return a stateful filter of so many rules."""
    established = tuple(
        Match(family=one.family, src=one.src, dst=one.dst, state=State.ESTABLISHED | State.RELATED)
        for one in EVERYTHING
    )
    rules = (
        Rule(action=Action.PERMIT, any_of=established, provenance=Provenance(rule="established", first_line=1)),
        *(rule(draw, number + 2) for number in range(count)),
        Rule(action=Action.DENY, any_of=EVERYTHING, provenance=Provenance(rule="default deny", synthetic=True)),
    )
    only = RuleList(name="forward", hooks=frozenset({Hook.FORWARD}), rules=rules)
    return Ruleset(platform="bench", lists=(only,), covers=frozenset({Hook.FORWARD}))


def packet(draw: random.Random, rules: Sequence[Rule]) -> Packet:
    """Return a packet: two in three at the edge of some rule, the others anywhere in 10.0.0.0/8."""
    match = draw.choice(rules).any_of[0]
    at_edge = draw.random() < AT_EDGE
    proto = match.l4[0].proto.spans[0][0] if at_edge else draw.choice((6, 17))
    proto = proto if proto in (1, 6, 17, 47) else 6
    has_ports = proto in WITH_PORTS
    return Packet(
        family=4,
        src=draw.choice(match.src.spans[0]) if at_edge else 10 << 24 | draw.getrandbits(24),
        dst=draw.choice(match.dst.spans[0]) if at_edge else 10 << 24 | draw.getrandbits(24),
        proto=proto,
        sport=draw.randrange(1024, 65_536) if has_ports else 8 if proto == 1 else 0,
        dport=draw.choice(match.l4[0].dport.spans[0]) if has_ports and at_edge else draw.choice(PORTS) * has_ports,
        flags="syn" if proto == TCP else "none",
        ingress=draw.choice(INTERFACES),
        egress=draw.choice(INTERFACES),
    )


def rate(work: Callable[[], object], count: int, rounds: int) -> float:
    """Return how many a second of processor time, the median of some rounds."""
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return count / statistics.median(taken)


def check(classifier: Classifier, rules: Ruleset, packets: Sequence[Packet]) -> None:
    """Make sure that both give the same answers."""
    for one in packets[:2_000]:
        if classifier.trace(one) != trace(rules, one):
            raise SystemExit(f"the classifier and the interpreter disagree on {packet_to_json(one)}")


def main() -> None:
    """Print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rules", type=int, default=1_000)
    arguments.add_argument("--packets", type=int, default=100_000)
    arguments.add_argument("--rounds", type=int, default=5)
    args = arguments.parse_args()
    draw = random.Random(SEED)  # noqa: S311 - the same figures every time
    rules = ruleset(draw, args.rules)
    packets = [packet(draw, rules.lists[0].rules[1:-1]) for _ in range(args.packets)]
    classifier = Classifier(rules)
    began = time.process_time()
    check(classifier, rules, packets)
    lines = [json.dumps(packet_to_json(one)) for one in packets]
    content = ("\n".join(lines) + "\n").encode()
    objects = [json.loads(line) for line in lines]
    few = packets[: max(1, 2_000_000 // max(1, args.rules))]
    print_line(f"python {platform.python_version()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    print_line(f"{args.rules} rules, {len(packets)} packets of {len(content) // len(packets)} bytes as JSON")
    print_line(f"prepared and checked in {time.process_time() - began:.1f} s; packets a second of processor time:")

    def whole() -> None:
        answer(classifier, io.BytesIO(content), io.StringIO())

    stages: dict[str, tuple[Callable[[], object], int]] = {
        WHOLE: (whole, len(packets)),
        JSON: (lambda: [json.loads(line) for line in lines], len(packets)),
        PACKET: (lambda: [packet_from_json(one) for one in objects], len(packets)),
        CLASSIFIER: (lambda: [classifier.trace(one) for one in packets], len(packets)),
        "interpreter, walking the list": (lambda: [trace(rules, one) for one in few], len(few)),
    }
    rates: dict[str, float] = {}
    for name, (work, count) in stages.items():
        rates[name] = rate(work, count, args.rounds)
        print_line(f"  {name:<34} {rates[name]:>12,.0f}")
    shares = {name.strip(): 1 / rates[name] for name in (JSON, PACKET, CLASSIFIER)}
    told = ", ".join(f"{name} {share / sum(shares.values()):.0%}" for name, share in shares.items())
    print_line(f"what limits it, the three stages held against each other: {told}")


def print_line(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
