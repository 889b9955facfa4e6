"""What attempts are counted by."""

import hashlib
import ipaddress

UNKNOWN = "unknown"


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


def address_key(ip: str) -> str:
    """Return the key of a network address: an IPv4 address or an IPv6 /64.

    Who has one address of a /64 has them all. IPv4 in IPv6 clothes is IPv4. Whatever
    cannot be read shares one bucket, because a free one each would be no limit.
    """
    try:
        address = ipaddress.ip_address(ip.strip().strip("[]").partition("%")[0])
    except ValueError:
        return UNKNOWN
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))
