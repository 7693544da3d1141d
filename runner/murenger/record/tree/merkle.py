"""The Merkle tree over the records: its root, and short proofs about it that anybody can check.

Input: leaf hashes in order. Output: roots and proofs, or a ValueError that says what a proof got wrong.
Source: RFC 6962, section 2.1, and RFC 9162, sections 2.1.3.2 and 2.1.4.2.
"""

import hashlib
import struct
from collections.abc import Callable, Iterator, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

# Leaf hashes, 32 bytes each: one after another in one buffer, or a sequence of them.
Leaves = bytes | bytearray | memoryview | Sequence[bytes]

_LEAF, _NODE = b"\x00", b"\x01"
_BLOCK = 4096


def leaf_hash(content: bytes) -> bytes:
    """Return the leaf hash of a record's exact bytes."""
    return hashlib.sha256(_LEAF + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node over its two children."""
    return hashlib.sha256(_NODE + left + right).digest()


class Tree:
    """A tree that only grows: it keeps the right edge, a few dozen hashes, and forgets the leaves.

    Args:
        leaves: leaf hashes to begin with.

    Raises:
        ValueError: a leaf hash is not 32 bytes long.
    """

    def __init__(self, leaves: Leaves = b"") -> None:
        self._edge: list[bytes] = []
        self._size = 0
        self.extend(leaves)

    @property
    def size(self) -> int:
        """Number of leaves."""
        return self._size

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash.

        Raises:
            ValueError: it is not 32 bytes long.
        """
        if len(leaf) != HASH_BYTES:
            raise ValueError(f"a leaf hash has {HASH_BYTES} bytes, not {len(leaf)}")
        edge, rest, sha256 = self._edge, self._size, hashlib.sha256
        while rest & 1:
            leaf = sha256(_NODE + edge.pop() + leaf).digest()
            rest >>= 1
        edge.append(leaf)
        self._size += 1

    def extend(self, leaves: Leaves) -> None:
        """Add leaf hashes in order.

        Raises:
            ValueError: one is not 32 bytes long; those before it are added.
        """
        add = self.append
        for leaf in _between(leaves, 0, _count(leaves)):
            add(leaf)

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        return _joined(self._edge)


class TreeLevels:
    """A whole tree in memory, for many proofs about it; takes about as much again as its leaves, 64 bytes a leaf.

    Args:
        leaves: leaf hashes.

    Raises:
        ValueError: a leaf hash is not 32 bytes long.
    """

    def __init__(self, leaves: Leaves) -> None:
        level = _whole(leaves)
        self._levels = [level]
        while len(level) >= 2 * HASH_BYTES:
            level = _parents(level)
            self._levels.append(level)

    @property
    def size(self) -> int:
        """Number of leaves."""
        return len(self._levels[0]) // HASH_BYTES

    def root(self, size: int | None = None) -> bytes:
        """Return the root over the first `size` leaves, or over all.

        Raises:
            ValueError: there are fewer leaves.
        """
        return self._range_root(0, _size_in(self.size, size))

    def inclusion_proof(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """Return the proof that leaf `index` is in the tree of `size` leaves; see `inclusion_proof`."""
        return _inclusion_proof(self._range_root, index, _size_in(self.size, size))

    def consistency_proof(self, old_size: int, size: int | None = None) -> tuple[bytes, ...]:
        """Return the proof that the tree of `size` leaves continues that of `old_size`; see `consistency_proof`."""
        return _consistency_proof(self._range_root, old_size, _size_in(self.size, size))

    def _range_root(self, start: int, end: int) -> bytes:
        """Return the root over leaves `start` to `end`, where `start` is where a perfect subtree may begin."""
        edge = []
        while start < end:
            height = (end - start).bit_length() - 1
            at = (start >> height) * HASH_BYTES
            edge.append(self._levels[height][at : at + HASH_BYTES])
            start += 1 << height
        return _joined(edge)


def root_of(leaves: Leaves, size: int | None = None) -> bytes:
    """Return the root over the first `size` leaves, or over all.

    Raises:
        ValueError: there are fewer leaves, or a leaf hash is not 32 bytes long.
    """
    return _range_root(leaves, 0, _size_in(_count(leaves), size))


def inclusion_proof(leaves: Leaves, index: int, size: int | None = None) -> tuple[bytes, ...]:
    """Return the proof that leaf `index` is in the tree of the first `size` leaves, or of all.

    It hashes every leaf once; `TreeLevels` makes many proofs cheaper.

    Args:
        leaves: leaf hashes.
        index: number of the leaf, from 0.
        size: leaves in the tree.

    Returns:
        32-byte hashes, from the leaf's sibling up.

    Raises:
        ValueError: there is no such leaf or no such tree.
    """

    def range_root(start: int, end: int) -> bytes:
        return _range_root(leaves, start, end)

    return _inclusion_proof(range_root, index, _size_in(_count(leaves), size))


def consistency_proof(leaves: Leaves, old_size: int, size: int | None = None) -> tuple[bytes, ...]:
    """Return the proof that the tree of the first `size` leaves, or of all, continues that of the first `old_size`.

    Args:
        leaves: leaf hashes.
        old_size: leaves in the older tree, 0 to `size`.
        size: leaves in the newer tree.

    Returns:
        32-byte hashes; none where `old_size` is 0 or `size`.

    Raises:
        ValueError: there is no such tree.
    """

    def range_root(start: int, end: int) -> bytes:
        return _range_root(leaves, start, end)

    return _consistency_proof(range_root, old_size, _size_in(_count(leaves), size))


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that a leaf is in a tree.

    Args:
        leaf: the leaf hash.
        index: its number, from 0.
        size: leaves in the tree.
        proof: the inclusion proof.
        root: the tree's root, known from elsewhere.

    Raises:
        ValueError: it is not proved, and why.

    Source: RFC 9162, section 2.1.3.2.
    """
    _check_hashes((leaf, root, *proof))
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    first, last, hashed = index, size - 1, leaf
    for other in proof:
        if last == 0:
            raise ValueError("the inclusion proof has more hashes than the tree has levels")
        if first & 1 or first == last:
            hashed = node_hash(other, hashed)
            first, last = _up_to_right_child(first, last)
        else:
            hashed = node_hash(hashed, other)
        first, last = first >> 1, last >> 1
    if last != 0:
        raise ValueError("the inclusion proof has too few hashes")
    if hashed != root:
        raise ValueError(f"the inclusion proof does not lead from leaf {index} to the root of the tree of {size}")


def check_consistency(old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Check that a tree continues an older one: nothing was changed, removed, reordered or inserted in between.

    Args:
        old_size: leaves in the older tree.
        old_root: its root.
        size: leaves in the newer tree.
        root: its root.
        proof: the consistency proof.

    Raises:
        ValueError: it is not proved, and why.

    Source: RFC 9162, section 2.1.4.2; the two cases without a proof as in c2sp.org/tlog-witness.
    """
    _check_hashes((old_root, root, *proof))
    if not 0 <= old_size <= size:
        raise ValueError(f"a tree of {size} cannot continue a tree of {old_size}")
    for count, of_count in ((old_size, old_root), (size, root)):
        if count == 0 and of_count != EMPTY_ROOT:
            raise ValueError("the root of a tree of 0 is not that of the empty tree")
    if old_size in (0, size):
        if proof:
            raise ValueError(f"from a tree of {old_size} to one of {size} there is nothing to prove, yet hashes came")
        if old_size == size and old_root != root:
            raise ValueError(f"two trees of {size} have different roots")
        return
    old_hashed, hashed = _hashed_by_consistency(old_size, old_root, size, proof)
    if old_hashed != old_root:
        raise ValueError(f"the consistency proof does not lead to the root of the tree of {old_size}")
    if hashed != root:
        raise ValueError(f"the consistency proof does not lead to the root of the tree of {size}")


def _hashed_by_consistency(old_size: int, old_root: bytes, size: int, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    is_perfect = old_size & (old_size - 1) == 0
    path = [old_root, *proof] if is_perfect else list(proof)
    if not path or (is_perfect and not proof):
        raise ValueError("the consistency proof is empty")
    first, last = old_size - 1, size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    old_hashed = hashed = path[0]
    for other in path[1:]:
        if last == 0:
            raise ValueError("the consistency proof has more hashes than the tree has levels")
        if first & 1 or first == last:
            old_hashed, hashed = node_hash(other, old_hashed), node_hash(other, hashed)
            first, last = _up_to_right_child(first, last)
        else:
            hashed = node_hash(hashed, other)
        first, last = first >> 1, last >> 1
    if last != 0:
        raise ValueError("the consistency proof has too few hashes")
    return old_hashed, hashed


def _up_to_right_child(first: int, last: int) -> tuple[int, int]:
    """Skip the levels on which the last node has no sibling."""
    while first and not first & 1:
        first, last = first >> 1, last >> 1
    return first, last


def _inclusion_proof(range_root: Callable[[int, int], bytes], index: int, size: int) -> tuple[bytes, ...]:
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    start, end, beside = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            beside.append((middle, end))
            end = middle
        else:
            beside.append((start, middle))
            start = middle
    return tuple(range_root(*each) for each in reversed(beside))


def _consistency_proof(range_root: Callable[[int, int], bytes], old_size: int, size: int) -> tuple[bytes, ...]:
    if not 0 <= old_size <= size:
        raise ValueError(f"a tree of {size} does not continue a tree of {old_size}")
    if old_size in (0, size):
        return ()
    start, end, beside = 0, size, []
    while end != old_size:
        middle = start + _split(end - start)
        if old_size <= middle:
            beside.append((middle, end))
            end = middle
        else:
            beside.append((start, middle))
            start = middle
    # The old root is known to whoever checks; only a part of the old tree has to be told.
    if start > 0:
        beside.append((start, end))
    return tuple(range_root(*each) for each in reversed(beside))


def _split(count: int) -> int:
    """Return the largest power of two below `count`, which is at least 2."""
    return 1 << ((count - 1).bit_length() - 1)


def _parents(level: bytes) -> bytes:
    """Return the hashes of the nodes above a level; a last node without a sibling has none."""
    sha256, pair = hashlib.sha256, 2 * HASH_BYTES
    view, whole = memoryview(level), len(level) // pair * pair
    parents = bytearray()
    # Block by block, or a million small objects would be in memory at once.
    for start in range(0, whole, pair * _BLOCK):
        pairs = struct.iter_unpack(f"{pair}s", view[start : min(start + pair * _BLOCK, whole)])
        parents += b"".join([sha256(_NODE + both).digest() for (both,) in pairs])
    return bytes(parents)


def _joined(edge: Sequence[bytes]) -> bytes:
    """Return the root over perfect subtrees of falling size."""
    if not edge:
        return EMPTY_ROOT
    *others, root = edge
    for left in reversed(others):
        root = node_hash(left, root)
    return root


def _range_root(leaves: Leaves, start: int, end: int) -> bytes:
    tree = Tree()
    for leaf in _between(leaves, start, end):
        tree.append(leaf)
    return tree.root()


def _count(leaves: Leaves) -> int:
    if isinstance(leaves, bytes | bytearray | memoryview):
        length = memoryview(leaves).nbytes
        if length % HASH_BYTES:
            raise ValueError(f"{length} bytes are not whole leaf hashes of {HASH_BYTES}")
        return length // HASH_BYTES
    return len(leaves)


def _between(leaves: Leaves, start: int, end: int) -> Iterator[bytes]:
    """Yield leaf hashes `start` to `end` without copying the buffer they lie in."""
    if isinstance(leaves, bytes | bytearray | memoryview):
        view = memoryview(leaves).cast("B")[start * HASH_BYTES : end * HASH_BYTES]
        yield from (leaf for (leaf,) in struct.iter_unpack(f"{HASH_BYTES}s", view))
        return
    for index in range(start, end):
        leaf = leaves[index]
        if len(leaf) != HASH_BYTES:
            raise ValueError(f"leaf hash {index} has {len(leaf)} bytes, not {HASH_BYTES}")
        yield leaf


def _whole(leaves: Leaves) -> bytes:
    if isinstance(leaves, bytes):
        _count(leaves)
        return leaves
    return b"".join(_between(leaves, 0, _count(leaves)))


def _size_in(count: int, size: int | None) -> int:
    if size is None:
        return count
    if not 0 <= size <= count:
        raise ValueError(f"there is no tree of {size} over {count} leaves")
    return size


def _check_hashes(hashes: Sequence[bytes]) -> None:
    for each in hashes:
        if len(each) != HASH_BYTES:
            raise ValueError(f"a hash has {HASH_BYTES} bytes, not {len(each)}")
