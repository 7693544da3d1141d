"""The tree agrees with published vectors and with a library that others wrote, and believes no false proof.

Input: leaf hashes, made-up and published. Output: pass, or the tree size at which they differ.
"""

import hashlib
import resource
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tlog_scales import backend, reader, tlog

from murenger.record.tree.merkle import (
    EMPTY_ROOT,
    Tree,
    TreeLevels,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
)

# Source: the reference tree of RFC 6962's authors, transparency-dev/merkle, testonly/constants.go.
INPUTS = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PUBLISHED = [leaf_hash(content) for content in INPUTS]
MILLION = 1_000_000


def leaves(count: int) -> list[bytes]:
    """Return made-up leaf hashes."""
    return [leaf_hash(str(number).encode()) for number in range(count)]


class Oracle(backend.TilesBackend):  # type: ignore[misc]  # the library ships no types for it
    """The library's tree over our leaf hashes, as tiles in memory."""

    def __init__(self, hashes: list[bytes]) -> None:
        self._levels = [hashes]
        while len(self._levels[-1]) >= 256:
            below = self._levels[-1]
            above = [self._perfect(below[at : at + 256]) for at in range(0, len(below) // 256 * 256, 256)]
            self._levels.append(above)

    @staticmethod
    def _perfect(row: list[bytes]) -> bytes:
        while len(row) > 1:
            row = [hashlib.sha256(b"\x01" + row[at] + row[at + 1]).digest() for at in range(0, len(row), 2)]
        return row[0]

    def get(self, *path: str) -> bytes | None:
        level, number = int(path[1]), int(path[2].removesuffix(".p"))
        row = self._levels[level][number * 256 : number * 256 + 256]
        return b"".join(row) if (len(path) > 3) is (len(row) < 256) else None


def oracle(hashes: list[bytes]) -> "reader.TilesReader":
    """Return the library's reader over leaf hashes."""
    made = reader.TilesReader(Oracle(hashes))
    made.set_size(len(hashes))
    return made


def test_roots_are_the_published_ones() -> None:
    tree = Tree()
    for size, root in enumerate(ROOTS):
        assert root_of(PUBLISHED, size).hex() == root_of(b"".join(PUBLISHED), size).hex() == root
        assert TreeLevels(PUBLISHED).root(size).hex() == root
        assert tree.root().hex() == root
        assert tree.size == size
        if size < len(PUBLISHED):
            tree.append(PUBLISHED[size])
    assert bytes.fromhex(ROOTS[0]) == EMPTY_ROOT


def test_proofs_are_the_published_ones() -> None:
    # Source: RFC 6962, section 2.1.3, the example tree of seven leaves, here over the published leaves.
    def range_root(start: int, end: int) -> bytes:
        return root_of(PUBLISHED[start:end])

    _, b, c, d, _, f, j, _ = PUBLISHED
    g, h, i, k, right = range_root(0, 2), range_root(2, 4), range_root(4, 6), range_root(0, 4), range_root(4, 7)
    assert k == node_hash(g, h)
    assert right == node_hash(i, j)
    assert inclusion_proof(PUBLISHED, 0, 7) == (b, h, right)
    assert inclusion_proof(PUBLISHED, 3, 7) == (c, g, right)
    assert inclusion_proof(PUBLISHED, 4, 7) == (f, j, k)
    assert inclusion_proof(PUBLISHED, 6, 7) == (i, k)
    assert consistency_proof(PUBLISHED, 3, 7) == (c, d, g, right)
    assert consistency_proof(PUBLISHED, 4, 7) == (right,)
    assert consistency_proof(PUBLISHED, 6, 7) == (i, j, k)


@settings(max_examples=60)
@given(st.data())
def test_proofs_are_those_of_another_library(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 700))
    hashes = leaves(size)
    other, levels, flat = oracle(hashes), TreeLevels(hashes), b"".join(hashes)
    new = data.draw(st.integers(1, size))
    old, index = data.draw(st.integers(1, new)), data.draw(st.integers(0, new - 1))
    root, old_root = other.mth(0, new), other.mth(0, old)
    assert root_of(flat, new) == levels.root(new) == Tree(hashes[:new]).root() == root
    inclusion = tuple(other.get_inclusion_proof(index, new).node_hashes)
    assert inclusion_proof(flat, index, new) == levels.inclusion_proof(index, new) == inclusion
    check_inclusion(hashes[index], index, new, inclusion, root)
    consistency = tuple(other.get_consistency_proof(old, new).node_hashes)
    assert consistency_proof(flat, old, new) == levels.consistency_proof(old, new) == consistency
    check_consistency(old, old_root, new, root, consistency)


@settings(max_examples=200)
@given(st.data())
def test_altered_proofs_are_judged_as_another_library_judges_them(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 40))
    hashes = leaves(size)
    old, index = data.draw(st.integers(0, size)), data.draw(st.integers(0, size - 1))
    proof = list(data.draw(st.sampled_from([inclusion_proof(hashes, index), consistency_proof(hashes, old)])))
    change = data.draw(st.sampled_from(["none", "drop", "add", "swap", "flip", "size", "old"]))
    if change == "drop" and proof:
        proof.pop(data.draw(st.integers(0, len(proof) - 1)))
    if change == "add":
        proof.insert(data.draw(st.integers(0, len(proof))), data.draw(st.sampled_from(hashes)))
    if change == "swap":
        proof.reverse()
    if change == "flip" and proof:
        proof[-1] = hashlib.sha256(proof[-1]).digest()
    claimed = data.draw(st.integers(0, 64)) if change == "size" else size
    claimed_old = data.draw(st.integers(0, 64)) if change == "old" else old
    root, old_root = root_of(hashes), root_of(hashes, old)

    theirs = accepts(lambda: tlog.InclusionProof(index, claimed, proof).check(hashes[index], root))
    assert accepts(lambda: check_inclusion(hashes[index], index, claimed, proof, root)) is theirs
    theirs = accepts(lambda: tlog.ConsistencyProof(claimed_old, claimed, list(proof)).check(old_root, root))
    ours = accepts(lambda: check_consistency(claimed_old, old_root, claimed, root, proof))
    # The library does not ask whether the root of an empty newer tree is the empty root; we do.
    assert ours is theirs or (theirs and claimed == 0)


def accepts(check: object) -> bool:
    """Tell whether a check lets a proof pass."""
    assert callable(check)
    try:
        check()
    except (ValueError, tlog.InclusionProofInvalid, tlog.ConsistencyProofInvalid):
        return False
    return True


def test_no_proof_survives_a_change_of_any_bit() -> None:
    hashes = leaves(13)
    root = root_of(hashes)
    for index in range(13):
        proof = inclusion_proof(hashes, index)
        for place in range(len(proof)):
            for bit in (1, 128):
                altered = bytes([proof[place][0] ^ bit]) + proof[place][1:]
                with pytest.raises(ValueError, match="does not lead"):
                    check_inclusion(hashes[index], index, 13, [*proof[:place], altered, *proof[place + 1 :]], root)
    for old in range(1, 13):
        proof = consistency_proof(hashes, old)
        for place in range(len(proof)):
            altered = proof[place][:-1] + bytes([proof[place][-1] ^ 1])
            changed = [*proof[:place], altered, *proof[place + 1 :]]
            with pytest.raises(ValueError, match="does not lead"):
                check_consistency(old, root_of(hashes, old), 13, root, changed)


@pytest.mark.parametrize("tamper", ["delete", "swap", "insert", "edit", "cut"])
def test_a_rewritten_log_has_no_consistency_proof(tamper: str) -> None:
    hashes = leaves(20)
    old_root = root_of(hashes, 12)
    made = list(hashes)
    if tamper == "delete":
        del made[5]
    if tamper == "swap":
        made[5], made[6] = made[6], made[5]
    if tamper == "insert":
        made.insert(5, leaf_hash(b"forged"))
    if tamper == "edit":
        made[5] = leaf_hash(b"forged")
    if tamper == "cut":
        made = made[:11]
    root = root_of(made)
    with pytest.raises(ValueError, match=r"does not lead|cannot continue"):
        check_consistency(12, old_root, len(made), root, consistency_proof(made, min(12, len(made))))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((PUBLISHED[0], 8, 8, [], EMPTY_ROOT), "no leaf 8 in a tree of 8"),
        ((PUBLISHED[0], -1, 8, [], EMPTY_ROOT), "no leaf -1"),
        ((PUBLISHED[0], 0, 0, [], EMPTY_ROOT), "no leaf 0 in a tree of 0"),
        ((PUBLISHED[0], 0, 1, [EMPTY_ROOT], PUBLISHED[0]), "more hashes"),
        ((PUBLISHED[0], 0, 2, [], PUBLISHED[0]), "too few hashes"),
        ((PUBLISHED[0][:31], 0, 1, [], PUBLISHED[0]), "32 bytes, not 31"),
        ((PUBLISHED[0], 0, 2, [b"x"], PUBLISHED[0]), "32 bytes, not 1"),
        ((PUBLISHED[0], 0, 1, [], PUBLISHED[0] + b"x"), "32 bytes, not 33"),
    ],
)
def test_a_false_inclusion_proof_is_named(arguments: tuple[bytes, int, int, list[bytes], bytes], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_inclusion(*arguments)


A, B = (bytes.fromhex(root) for root in ROOTS[1:3])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((2, A, 1, B, []), "a tree of 1 cannot continue a tree of 2"),
        ((-1, A, 1, B, []), "cannot continue"),
        ((0, A, 1, B, []), "not that of the empty tree"),
        ((0, EMPTY_ROOT, 0, B, []), "not that of the empty tree"),
        ((0, EMPTY_ROOT, 2, B, [A]), "nothing to prove, yet hashes came"),
        ((2, B, 2, B, [A]), "nothing to prove, yet hashes came"),
        ((2, A, 2, B, []), "two trees of 2 have different roots"),
        ((1, A, 2, B, []), "empty"),
        ((3, A, 5, B, []), "empty"),
        ((1, A, 2, B, [A]), "root of the tree of 2"),
        ((3, A, 4, B, [A, A, A]), "root of the tree of 3"),
        ((1, A, 2, B, [A, A]), "more hashes"),
        ((1, A, 3, B, [A]), "too few"),
        ((1, A, 2, B, [A[1:]]), "32 bytes, not 31"),
    ],
)
def test_a_false_consistency_proof_is_named(arguments: tuple[int, bytes, int, bytes, list[bytes]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_consistency(*arguments)


def test_what_is_no_leaf_or_no_tree_is_refused() -> None:
    flat = b"".join(PUBLISHED)
    for call in (
        lambda: root_of(flat[:-1]),
        lambda: root_of(flat, 9),
        lambda: root_of(flat, -1),
        lambda: root_of([b"short"]),
        lambda: Tree().append(b"short"),
        lambda: TreeLevels([b"short"]),
        lambda: TreeLevels(flat[:-1]),
        lambda: TreeLevels(flat).root(9),
        lambda: inclusion_proof(flat, 8),
        lambda: inclusion_proof(flat, -1),
        lambda: inclusion_proof(b"", 0),
        lambda: consistency_proof(flat, 9),
        lambda: consistency_proof(flat, -1),
        lambda: consistency_proof(flat, 5, 4),
    ):
        with pytest.raises(ValueError, match=r"leaf|leaves|tree"):
            call()


def test_every_kind_of_buffer_gives_the_same() -> None:
    flat = b"".join(PUBLISHED)
    wanted = root_of(PUBLISHED)
    for form in (flat, bytearray(flat), memoryview(flat), tuple(PUBLISHED)):
        assert root_of(form) == Tree(form).root() == TreeLevels(form).root() == wanted
    tree = Tree(flat[:96])
    tree.extend(memoryview(flat)[96:])
    assert tree.root() == wanted


@pytest.mark.slow
def test_a_million_leaves_take_seconds_and_hardly_any_memory() -> None:
    flat = b"".join(number.to_bytes(32, "big") for number in range(MILLION))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    tree = Tree(flat)
    proof, between = inclusion_proof(flat, 777_777), consistency_proof(flat, 333_333)
    took_s = resource.getrusage(resource.RUSAGE_SELF).ru_utime - before
    check_inclusion(flat[777_777 * 32 : 777_778 * 32], 777_777, MILLION, proof, tree.root())
    check_consistency(333_333, root_of(flat, 333_333), MILLION, tree.root(), between)
    # Generous, for a busy machine: measured at about 3 s together.
    assert took_s < 20
    tracemalloc.start()
    try:
        root_of(memoryview(flat)[: 32 * 20_000])
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
