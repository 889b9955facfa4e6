"""What verifying one hash may cost; an import file must not become a weapon.

Whoever supplies hashes chooses what each sign-in of those accounts costs us, and who
signs in chooses how long the password is, so the cost is bounded before a hash is
stored and again, with the length of what was typed, before one is computed.
"""

MAX_HASH_CHARS = 1024
MAX_FOREIGN_CHARS = 4096  # before it is converted
MAX_ARGON2_KIB = 1 << 20  # 1 GiB
MAX_ARGON2_WORK = 1 << 22  # KiB times passes: 4 GiB written, two seconds and more
MAX_ARGON2_LANES = 64  # the library starts one thread for each
MIN_DIGEST_BYTES = 16  # shorter digests can be met by chance, an empty one by anybody
MAX_BCRYPT_LOG2 = 15
MAX_PBKDF2_ROUNDS = 10_000_000
MAX_SHA_CRYPT_ROUNDS = 1_000_000  # pure Python here: seconds
MAX_DIGEST_ROUNDS = 4_000_000
MAX_PHPASS_LOG2 = 20  # the default of phpass is 13, of Drupal 7 15
MAX_SCRYPT_BYTES = 1 << 30  # 128 * N * r * p

MAX_PASSWORD_BYTES = 4_096  # of one spelling in UTF-8
# Of all spellings of one password together; microseconds of one core, as estimated.
MAX_WORK = 4_000_000
MAX_SPELLINGS = 8
USUAL_BYTES = 64  # a hash that costs too much for a password this long is not stored


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


# --- microseconds of one core, rounded up: only their order of magnitude counts ------


def argon2_work(memory_kib: int, passes: int) -> int:
    """Estimate one Argon2 digest; the length of the password makes no difference."""
    return memory_kib * passes * 6 // 10


def bcrypt_work(log2: int) -> int:
    """Estimate one bcrypt digest, which reads 72 bytes at most."""
    return 60 << log2


def pbkdf2_work(rounds: int, digest: str, blocks: int = 1) -> int:
    """Estimate PBKDF2, which digests a long password once and then forgets it."""
    tenths = {"sha1": 25, "md5": 25, "sha256": 30}.get(digest, 40)
    return rounds * blocks * tenths // 100


def scrypt_work(n: int, r: int, p: int) -> int:
    """Estimate one scrypt digest by the memory that it walks through."""
    return 128 * n * r * p * 3 // 1000


def sha_crypt_work(rounds: int, length: int) -> int:
    """Estimate crypt's SHA-2, where each round digests the password again."""
    return rounds * (2_400 + 7 * length) // 1000


def iterated_work(rounds: int, length: int) -> int:
    """Estimate a chain of digests written in Python, the password in each of them."""
    return rounds * (1_000 + 3 * length) // 1000
