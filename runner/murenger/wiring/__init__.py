"""Wiring: the only place that picks adapters and binds them to the stages.

Input: murenger.yml. Output: a `Site` with one method for each thing that a door (command line, playbook, runner) does.
"""

from murenger.wiring.files import compare_files
from murenger.wiring.site import Site, open_site
from murenger.wiring.tracing import read_configuration, trace_packets

__all__ = ["Site", "compare_files", "open_site", "read_configuration", "trace_packets"]
