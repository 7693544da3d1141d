"""Ports served by plain files.

Input: directories. Output: values of `murenger.model`; every write is atomic.
"""
