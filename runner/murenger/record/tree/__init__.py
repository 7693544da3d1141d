"""The tree over a log's records: hashes, proofs, and the signed notes that carry its head.

Input: leaf hashes, keys and text. Output: roots, proofs, checkpoints, and what is wrong with those of others.
"""
