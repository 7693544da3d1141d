"""A strict Juniper SRX that speaks NETCONF over SSH, for labs and tests.

Input: a device folder with `device.json`. Output: a listening emulator whose committed configuration lives there.
How faithful it is: `docs/reference/lab-junos.md`.
"""
