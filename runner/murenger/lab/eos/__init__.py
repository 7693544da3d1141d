"""An Arista EOS switch as its eAPI shows it: configuration modes, sessions, commit timers and management access.

Input: a folder with `device.json`. Output: an HTTPS endpoint that the unmodified NAPALM `eos` driver talks to.
What is emulated, what is a guess and what is not there: docs/reference/lab-eos.md.
"""
