"""A witness: remembers how long each log was, and signs only what continues it.

Input: checkpoints over HTTP, from logs it was told of. Output: cosignatures, and the newest checkpoint for auditors.
Source: c2sp.org/tlog-witness.
"""
