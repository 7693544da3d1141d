"""Adapters: the only packages that touch the world, each behind one port.

Input: values of `murenger.model`. Output: the same, or an error of `murenger.errors`; no foreign exception passes.
"""
