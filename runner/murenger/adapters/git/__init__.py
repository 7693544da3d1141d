"""Golden policy in git: read at one signed revision, written as one signed commit.

Input: a repository, a branch and a trust file. Output: port `GoldenStore`, and the repository's fingerprint key.
"""

from murenger.adapters.git.command import Git, initialise
from murenger.adapters.git.fingerprint_key import FingerprintKeys
from murenger.adapters.git.store import GitGoldenStore

__all__ = ["FingerprintKeys", "Git", "GitGoldenStore", "initialise"]
