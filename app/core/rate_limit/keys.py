"""What attempts are counted by."""

import hashlib


def subject_key(kind: str, value: str) -> str:
    """Return the key of a person or thing, in canonical form, without naming it.

    The hash keeps e-mail addresses out of tables and caches, gives every key the same
    length, and lets no two values run into each other (``1`` + ``01``, ``10`` + ``1``).
    It does not hide a value from someone who guesses it.

    Args:
        kind: What the value is; a short word of ours, never of a stranger's.
        value: What somebody may have typed, lone surrogates included.
    """
    encoded = value.encode("utf-8", "surrogatepass")
    return f"{kind}:{hashlib.blake2b(encoded, digest_size=16).hexdigest()}"
