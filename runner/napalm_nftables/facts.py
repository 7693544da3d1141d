"""Read what a Linux machine says about itself.

Input: the output of the read commands. Output: the values NAPALM's `get_facts` wants.
"""


def uptime_s(text: str) -> float:
    """Read the uptime.

    Args:
        text: `/proc/uptime`.

    Returns:
        Seconds since boot.

    Raises:
        ValueError: the text is not that file.
    """
    words = text.split()
    if len(words) != 2:  # noqa: PLR2004 - the file holds two numbers
        raise ValueError("not the text of /proc/uptime")
    return float(words[0])


def interfaces(text: str) -> list[str]:
    """Read the names of the network interfaces.

    Args:
        text: `/proc/net/dev`.

    Returns:
        The names, sorted.
    """
    return sorted(line.partition(":")[0].strip() for line in text.split("\n") if ":" in line)
