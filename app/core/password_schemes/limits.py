"""What verifying one hash may cost; an import file must not become a weapon.

Whoever supplies hashes chooses what each sign-in of those accounts costs us, so the
cost is bounded before a hash is stored and again before one is computed.
"""

MAX_HASH_CHARS = 1024
MAX_ARGON2_KIB = 1 << 20  # 1 GiB
MAX_ARGON2_WORK = 1 << 22  # KiB times passes: 4 GiB written, about five seconds
MAX_ARGON2_LANES = 64  # the library starts one thread for each
MIN_DIGEST_BYTES = 16  # shorter digests can be met by chance, an empty one by anybody
MAX_BCRYPT_LOG2 = 15
MAX_PBKDF2_ROUNDS = 10_000_000
MAX_SHA_CRYPT_ROUNDS = 1_000_000  # pure Python here: about a second
MAX_PHPASS_LOG2 = 20  # the default of phpass is 13, of Drupal 7 15
MAX_SCRYPT_BYTES = 1 << 30  # 128 * N * r * p


class HashRefused(ValueError):
    """A hash that is not stored; the text says why without quoting the hash."""


def refuse_above(value: int, limit: int, what: str) -> None:
    """Refuse a cost parameter.

    Raises:
        HashRefused: The value is above the limit; the text names both.
    """
    if value > limit:
        raise HashRefused(f"{what} {value} is above the limit of {limit}")


def refuse_costly_argon2(memory_kib: int, passes: int, lanes: int) -> None:
    """Refuse Argon2 parameters that would hold memory or a core for too long.

    Raises:
        HashRefused: One of them is above its limit.
    """
    refuse_above(memory_kib, MAX_ARGON2_KIB, "argon2 memory (KiB)")
    refuse_above(memory_kib * passes, MAX_ARGON2_WORK, "argon2 memory times passes")
    refuse_above(lanes, MAX_ARGON2_LANES, "argon2 parallelism")


def refuse_costly_scrypt(n: int, r: int, p: int) -> None:
    """Refuse scrypt parameters that are malformed (RFC 7914 section 2) or too costly.

    Raises:
        HashRefused: N is no power of two above one, or the product is above its limit.
    """
    if n < 2 or n & (n - 1) or r < 1 or p < 1:
        raise HashRefused("scrypt parameters are malformed")
    refuse_above(128 * n * r * p, MAX_SCRYPT_BYTES, "scrypt 128*N*r*p")
