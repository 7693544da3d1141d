"""A real nftables firewall between real network namespaces on one machine, and the traffic around it.

Input: a device folder. Output: a firewall on 127.0.0.1 whose SSH is reached through a path that it really filters.
"""

from murenger.lab.firewall.console import Held, Stream, conntrack, cut, drift, hold, in_fw, probe, stream
from murenger.lab.firewall.launch import launch
from murenger.lab.firewall.packets import Flow
from murenger.lab.firewall.values import FORMS, NETNS, USERNS, Finished, FlowCount, ProbeResult, StreamCount

__all__ = [
    "FORMS",
    "NETNS",
    "USERNS",
    "Finished",
    "Flow",
    "FlowCount",
    "Held",
    "ProbeResult",
    "Stream",
    "StreamCount",
    "conntrack",
    "cut",
    "drift",
    "hold",
    "in_fw",
    "launch",
    "probe",
    "stream",
]
