"""What somebody does who is told to work: the ten lines of docs/connect.md."""

import hashlib
from itertools import count
from typing import Any


def proof_of(challenge: dict[str, Any]) -> str:
    """Return the solution of the ``challenge`` of a 429."""
    for number in count():
        proof = f"{challenge['challenge']}.{number}"
        digest = hashlib.sha256(proof.encode()).digest()
        if int.from_bytes(digest, "big") >> (256 - challenge["difficulty"]) == 0:
            return proof
    raise AssertionError
