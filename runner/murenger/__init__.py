"""murenger finds firewall drift, heals it as a controlled change, and signs change records."""

__version__ = "0.1.0"
