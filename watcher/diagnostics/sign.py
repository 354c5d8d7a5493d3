"""Signs a script as `ssh-keygen -Y sign` does, for hosts that run nothing unsigned.

Such a host has a forced command. It is asked for `watcher-run SIGNATURE`, and gets on stdin a line
with the bytes of the script and then the script; stdin stays open behind it.
"""

import hashlib
from base64 import b64encode
from textwrap import wrap

import paramiko

NAMESPACE = "watcher-runbook"

_MAGIC = b"SSHSIG"
_HASH = "sha512"
_WIDTH = 70


def signed_command(script: bytes, key: paramiko.PKey) -> str:
    """What to ask the forced command for; the signature's ends of line are underscores."""
    return f"watcher-run {signature(script, key).replace(chr(10), '_')}"


def signed_input(script: bytes) -> bytes:
    """What goes to its stdin."""
    return b"%d\n%b" % (len(script), script)


def signature(text: bytes, key: paramiko.PKey) -> str:
    """An armoured SSHSIG; `ssh-keygen -Y verify -n watcher-runbook` takes it."""
    to_sign = paramiko.Message()
    to_sign.add_bytes(_MAGIC)
    _add_terms(to_sign)
    to_sign.add_string(hashlib.new(_HASH, text).digest())
    signed = paramiko.Message()
    signed.add_bytes(_MAGIC)
    signed.add_int(1)
    signed.add_string(key.asbytes())
    _add_terms(signed)
    signed.add_string(key.sign_ssh_data(to_sign.asbytes(), _algorithm(key)).asbytes())
    lines = wrap(b64encode(signed.asbytes()).decode(), _WIDTH)
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])


def _add_terms(message: paramiko.Message) -> None:
    """What the signature is for: the name space, something reserved, the hash."""
    for term in (NAMESPACE, "", _HASH):
        message.add_string(term)


def _algorithm(key: paramiko.PKey) -> str:
    name = key.get_name()
    return "rsa-sha2-512" if name == "ssh-rsa" else name
