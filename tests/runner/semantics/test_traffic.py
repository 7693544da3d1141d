"""Traffic: what is taken away, shared or picked is exactly what the interpreter says is in the boxes."""

import dataclasses
import itertools
import random

import pytest

from murenger.model.packet import Packet
from murenger.semantics.interpreter import in_box
from murenger.semantics.intervals import IntervalSet, any_address
from murenger.semantics.ir import ANY_FLAGS, ANY_PLACE, ANY_STATE, L4, Hook, Match, Places, State, TcpFlags
from murenger.semantics.traffic import TooManyPiecesError, box_of, difference, intersection, meets, sample

PROTOCOLS = (1, 6, 17, 47, 58)
NAMES = ("eth0", "eth1", "ppp0")
PLACES = (ANY_PLACE, Places.of("eth0"), Places.of("eth0", "ppp*"), Places.but("eth1"), Places.but("ppp*"))


def some(draw: random.Random, top: int) -> IntervalSet:
    if draw.random() < 0.6:
        return IntervalSet(((0, top),))
    return IntervalSet.of(*(tuple(sorted((draw.randrange(8), draw.randrange(8)))) for _ in range(draw.choice((1, 2)))))


def a_match(draw: random.Random, *, stateful: bool = False) -> Match:
    family = draw.choice((4, 4, 6))
    protocols = draw.choice((IntervalSet(((0, 255),)), IntervalSet.of((6, 6), (47, 47)), IntervalSet.single(6)))
    l4 = tuple(L4(protocols, some(draw, 65_535), some(draw, 65_535)) for _ in range(draw.choice((1, 2))))
    return Match(
        family=family,
        src=some(draw, any_address(family).spans[0][1]),
        dst=some(draw, any_address(family).spans[0][1]),
        l4=l4,
        state=State(draw.choice((1, 31, 31))) if stateful else ANY_STATE,
        flags=TcpFlags(draw.choice((1, 6, 7, 7))) if stateful else ANY_FLAGS,
        ingress=draw.choice(PLACES),
        egress=draw.choice(PLACES),
    )


def packets(draw: random.Random, count: int) -> list[Packet]:
    found = []
    for _ in range(count):
        family, proto = draw.choice((4, 4, 6)), draw.choice(PROTOCOLS)
        has_ports = proto in (6, 17) or (family, proto) in ((4, 1), (6, 58))
        found.append(
            Packet(
                family=family,
                src=draw.randrange(9),
                dst=draw.randrange(9),
                proto=proto,
                sport=draw.randrange(9) if has_ports else 0,
                dport=draw.randrange(9) if has_ports else 0,
                flags=draw.choice(("syn", "ack", "none")) if proto == 6 else "none",
                state=draw.choice(("new", "established", "untracked")),
                ingress=draw.choice(NAMES),
                egress=draw.choice(NAMES),
            )
        )
    return found


def test_a_difference_holds_each_packet_once_and_no_other() -> None:
    draw = random.Random(11)  # noqa: S311 - the same boxes every time
    kept = 0
    for _ in range(120):
        one, taken = a_match(draw), [a_match(draw) for _ in range(draw.choice((1, 2, 3)))]
        pieces = difference([one], taken, most=10_000)
        for packet in packets(draw, 120):
            expected = in_box(one, packet) and not any(in_box(box, packet) for box in taken)
            inside = sum(in_box(piece, packet) for piece in pieces)
            assert bool(inside) is expected
            # Two protocols-and-ports of one match may overlap, nothing else.
            assert inside <= len(one.l4)
            kept += inside
    assert kept > 500


def test_what_two_boxes_share_is_what_is_in_both() -> None:
    draw = random.Random(12)  # noqa: S311 - as above
    shared = 0
    for _ in range(200):
        one, other = a_match(draw, stateful=True), a_match(draw, stateful=True)
        both = list(intersection(one, other))
        for packet in packets(draw, 150):
            expected = in_box(one, packet) and in_box(other, packet)
            assert any(in_box(box, packet) for box in both) is expected
            shared += expected
        assert (meets([one], [other]) is not None) is bool(both)
    assert shared > 40


@pytest.mark.parametrize("hook", [Hook.FORWARD, Hook.INPUT, Hook.OUTPUT])
def test_a_packet_that_is_picked_is_in_the_box(hook: Hook) -> None:
    draw = random.Random(13)  # noqa: S311 - as above
    for _ in range(200):
        match = a_match(draw, stateful=True)
        if hook is Hook.INPUT:
            match = dataclasses.replace(match, egress=ANY_PLACE)
        if hook is Hook.OUTPUT:
            match = dataclasses.replace(match, ingress=ANY_PLACE)
        packet = sample(match, hook)
        assert packet is not None
        assert in_box(match, packet)
        assert (bool(packet.ingress), bool(packet.egress)) == (hook is not Hook.OUTPUT, hook is not Hook.INPUT)


def test_an_empty_box_has_no_packet() -> None:
    everything = Match(family=4, src=any_address(4), dst=any_address(4))
    nothing = IntervalSet(())
    gre = (L4(IntervalSet.single(47)),)
    no_code = (L4(IntervalSet.single(1), IntervalSet.single(300)),)
    for empty in (
        dataclasses.replace(everything, src=nothing),
        dataclasses.replace(everything, l4=()),
        dataclasses.replace(everything, l4=no_code),
        dataclasses.replace(everything, l4=gre, flags=TcpFlags.SYN),
        dataclasses.replace(everything, ingress=Places.of()),
    ):
        assert sample(empty, Hook.FORWARD) is None
        assert meets([empty], [everything]) is None


def test_the_box_of_a_packet_holds_it_and_no_neighbour() -> None:
    draw = random.Random(14)  # noqa: S311 - as above
    for one, other in itertools.product(packets(draw, 60), repeat=2):
        assert in_box(box_of(one), other) is (one == other)


def test_too_many_pieces_are_refused_and_not_returned_in_part() -> None:
    everything = Match(family=4, src=any_address(4), dst=any_address(4))
    holes = [
        dataclasses.replace(everything, src=IntervalSet.single(2 * n), dst=IntervalSet.single(n)) for n in range(9)
    ]
    assert len(difference([everything], holes, most=100)) > 9
    with pytest.raises(TooManyPiecesError):
        difference([everything], holes, most=5)
