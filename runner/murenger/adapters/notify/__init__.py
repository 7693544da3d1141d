"""Channels to people, each an adapter of port `Notifier`.

Input: incidents. Output: what a SIEM or a pager receives, and that it was taken.
"""
