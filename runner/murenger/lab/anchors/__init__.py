"""Those who hold the head of a log in the lab: a real witness service and a real time-stamping authority.

Input: a lab's folder and the log's public key. Output: two processes, and the settings that make murenger use them.
"""

from murenger.lab.anchors.keepers import checkpoint, down, up

__all__ = ["checkpoint", "down", "up"]
