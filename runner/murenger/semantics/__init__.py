"""Semantics: which packets a configuration lets pass, and which of them a drift opened or closed.

Input: rulesets that a `RuleParser` has read. Output: proofs, witnesses, or an honest `unknown`.
"""
