"""The verbs that other packages add to the command line, such as `lab`.

Input: the installed distributions' entry points. Output: their verbs.
"""

import argparse
import importlib.metadata


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verbs."""
    for entry_point in importlib.metadata.entry_points(group="murenger.verbs"):
        try:
            register_one = entry_point.load()
        except ImportError:
            # The lab needs an extra that a production install leaves out.
            continue
        register_one(verbs)
