"""The armour of a signature: is it in the one byte form that `ssh-keygen` writes? Asked of every record.

Input: an armoured signature. Output: yes or no; `record.sshsig` looks into what is armoured.
"""

import binascii

_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----\n", "\n-----END SSH SIGNATURE-----\n"
_LINE_LENGTH = 70


def is_armoured(armoured: str) -> bool:
    """Tell whether a text is what `sshsig.canonical_armour` makes of some bytes, whatever these bytes are."""
    body = armoured[len(_BEGIN) : -len(_END)]
    if not (armoured.startswith(_BEGIN) and armoured.endswith(_END) and body):
        return False
    text = body.replace("\n", "")
    breaks = len(body) - len(text)
    # As many line feeds as there are whole lines, each where a line ends: then none is anywhere else.
    if breaks != (len(text) - 1) // _LINE_LENGTH or body[_LINE_LENGTH :: _LINE_LENGTH + 1] != "\n" * breaks:
        return False
    try:
        # Base64 has several texts for some bytes; only one is what is written.
        return binascii.b2a_base64(binascii.a2b_base64(text), newline=False) == text.encode("ascii")
    except ValueError:
        return False
