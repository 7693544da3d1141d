"""The seal of a day: the list of its files that the runner signs and a time-stamping authority stamps."""

from murenger.record.seal.manifest import (
    MAX_MANIFEST_BYTES,
    Manifest,
    SealedFile,
    make_manifest,
    manifest_lines,
    parse_manifest,
)

__all__ = [
    "MAX_MANIFEST_BYTES",
    "Manifest",
    "SealedFile",
    "make_manifest",
    "manifest_lines",
    "parse_manifest",
]
