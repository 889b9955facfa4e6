"""What was found when the service was used for real, and what stands against it now.

``docs/security.md`` ends with this table (``tools/security_coverage.py``). Tests are
modules, or ``module::test``; ``tests/test_security_coverage.py`` looks for them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that was found.

    Attributes:
        what: It, in a few words.
        tests: What proves that it is mended, below ``tests/``.
        siblings: What of the same kind was looked for, and where.
    """

    what: str
    tests: tuple[str, ...]
    siblings: str


FOUND: dict[int, Found] = {
    6: Found(
        "Strangers spend the owner's tries and links",
        ("security/test_strangers.py", "security/test_throttling.py"),
        "links and codes of reset, verification, sign-in, invitation and change of "
        "address; API and pages; the network that asked and the browser that asked",
    ),
    9: Found(
        "Time and limits tell who has an account",
        ("security/test_strangers.py", "security/test_equal_work.py"),
        "registration, sign-in, reset, verification, mailed codes: the statements and "
        "the limits of known, unknown, disabled and invited addresses",
    ),
    11: Found(
        "Strangers make tables grow",
        (
            "test_oauth_authorize.py::test_strangers_store_nothing_by_asking",
            "security/test_strangers.py::test_t172_a_whole_ipv6_site_is_bounded",
        ),
        "every limit by address: an IPv6 /48 counts as well as its /64; flows, mails, "
        "registrations, evidence of refusals",
    ),
}
