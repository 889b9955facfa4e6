"""What OWASP ASVS 5.0 asks of authentication (V6), and the test that shows each.

The numbers are the standard's; the words are this project's own. ``docs/security.md``
has it as a table (``tools/security_coverage.py``) beside those of
``tools/session_requirements.py`` and ``tools/nist_requirements.py``;
``tests/documents/test_security_coverage.py`` looks for the tests.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that a standard asks for.

    Attributes:
        asks: It, in a few words.
        tests: ``module::test`` below ``tests/``; each fails if the thing is broken.
        remark: Where it is written down; in what it is not met, and why; or whose it
            is. Without tests it stands for all of the answer.
    """

    asks: str
    tests: tuple[str, ...] = ()
    remark: str = ""


def asked(asks: str, *tests: str, remark: str = "") -> Requirement:
    """Return a requirement, whose tests need no tuple."""
    return Requirement(asks, tests, remark)


_NOT_OFFERED = "not offered here"
_HASHING = "accounts/test_password_hashing.py::"
_POLICY = "accounts/test_password_policy.py::"
_FACTORS = "accounts/test_factors.py::"
_STEP = "sign_in/test_second_step.py::"
_ATTEMPT = "sign_in/test_second_step_attempt.py::"
_RESET = "sign_in/test_reset_keeps_factors.py::"
_LOST = "sign_in/lost/test_lost_factors.py::"
_ROBBED = "sign_in/lost/test_lost_factors_attack.py::"
_ONCE = "security/test_one_time.py::"
_SLOW = "security/test_throttling.py::"
_ALIKE = "security/test_enumeration.py::"
_PORTAL = "pages/test_portal.py::"
_MATRIX = "sign_in/test_matrix.py::test_t098_every_way_at_every_state"
_NO_WAY_MISSING = "sign_in/test_matrix.py::test_t098_no_way_is_missing"
_MILLION = (
    "sign_in/test_under_attack.py::test_a_million_guesses_stay_under_the_stated_bound"
)
_OWNER_AT_HOME = (
    "sign_in/test_known_device.py::"
    "test_a_flood_from_everywhere_does_not_stop_a_known_device"
)
_NEW_SIGN_IN = (
    "sign_in/test_new_sign_in.py::"
    "test_a_sign_in_from_elsewhere_is_mailed_whatever_the_way"
)
_CHANGES_MAILED = f"{_FACTORS}test_every_change_is_mailed_and_ends_sessions_elsewhere"
_CODE_ONCE = f"{_STEP}test_a_code_is_accepted_once_ever"
_TOTP_OF_NOW = f"{_STEP}test_t095_a_code_of_long_ago_or_to_come_is_refused"
_RECOVERY_ONCE = f"{_STEP}test_a_recovery_code_stands_in_once"
_RECOVERY_BITS = "factors/test_recovery_code.py::test_there_are_ten_of_112_bits_or_more"
_CHALLENGE = "sign_in/test_passkey.py::test_a_challenge_is_ours_and_lives_five_minutes"
_CHANCE = "architecture/test_rules.py::test_what_is_banned_is_used_only_where_it_may"
_MAIL_IS_NO_FACTOR = (
    "not met by default: a code from a mail signs in an account that has nothing "
    "stronger; `AUTH_SERVE_EMAIL_CODE__ENABLED` turns it off"
)

AUTHENTICATION: dict[str, Requirement] = {
    "6.1.1": asked(
        "how guessing is slowed, and no lock that others can close, is written",
        _MILLION,
        remark="[ADR-0053](adr/0053-under-attack.md), [factors](factors.md)",
    ),
    "6.1.2": asked(
        "words of the product and the firm that no password may be",
        f"{_POLICY}test_what_is_guessed_first_is_refused",
        remark="`AUTH_SERVE_PASSWORD__CONTEXT_WORDS` in "
        "[configuration](configuration.md); the operator names them",
    ),
    "6.1.3": asked(
        "each way to sign in is written down, with what it takes",
        _MATRIX,
        _NO_WAY_MISSING,
        remark="[factors](factors.md#ways-to-sign-in)",
    ),
    "6.2.1": asked(
        "at least eight characters",
        f"{_HASHING}test_a_bad_password_is_refused_by_name",
    ),
    "6.2.2": asked(
        "owners can change it",
        f"{_PORTAL}test_the_password_is_changed_and_other_sessions_end",
        "test_auth.py::test_a_changed_password_ends_every_other_session",
    ),
    "6.2.3": asked(
        "a change asks for the one of now",
        "test_auth.py::"
        "test_a_wrong_current_password_changes_nothing_and_is_remembered",
    ),
    "6.2.4": asked(
        "none of the 3,000 most common",
        "accounts/test_common_passwords.py::test_every_place_of_the_list_is_found",
        f"{_POLICY}test_every_request_that_sets_a_password_refuses_it",
    ),
    "6.2.5": asked(
        "no rule of what it is made of",
        f"{_HASHING}test_any_other_password_is_accepted_whatever_it_is_made_of",
    ),
    "6.2.6": asked(
        "its field hides it",
        "pages/test_form_help.py::test_a_password_is_hidden_and_may_be_pasted",
    ),
    "6.2.7": asked(
        "pasting and password managers work",
        "pages/test_form_help.py::test_a_password_is_hidden_and_may_be_pasted",
        "pages/test_form_help.py::test_password_managers_learn_whose_password_it_is",
    ),
    "6.2.8": asked(
        "verified as it was typed, and whole",
        f"{_POLICY}test_a_password_counts_as_it_was_typed",
        f"{_SLOW}test_t133_a_long_password_works_whole_or_is_refused",
        f"{_HASHING}test_composed_and_decomposed_letters_are_one_password",
        remark="deviation: both sides in NFC first, so that two keyboards type one "
        "password",
    ),
    "6.2.9": asked(
        "64 characters and more are allowed",
        f"{_SLOW}test_t133_a_long_password_works_whole_or_is_refused",
    ),
    "6.2.10": asked(
        "it does not expire",
        f"{_POLICY}test_a_password_does_not_age",
    ),
    "6.2.11": asked(
        "no words of the context",
        f"{_POLICY}test_what_is_guessed_first_is_refused",
        f"{_HASHING}test_a_bad_password_is_refused_by_name",
    ),
    "6.2.12": asked(
        "none that leaked",
        "accounts/test_common_passwords.py::test_every_place_of_the_list_is_found",
        "accounts/test_registration.py::"
        "test_a_breached_password_is_refused_and_silence_is_not",
        remark="a list here always; the service with all of them only if "
        "`AUTH_SERVE_PASSWORD__BREACH_CHECK` is on",
    ),
    "6.3.1": asked(
        "guesses and stolen lists get nowhere",
        _MILLION,
        _OWNER_AT_HOME,
        "sign_in/test_bounded_work.py::"
        "test_one_password_at_many_accounts_is_bounded_by_network",
        f"{_SLOW}test_t175_parallel_guesses_do_not_outrun_the_counter",
    ),
    "6.3.2": asked(
        "no account that comes with the software",
        "security/test_headers.py::"
        "test_t193_a_fresh_installation_has_no_password_at_all",
    ),
    "6.3.3": asked(
        "two factors; at level 3 one of hardware that cannot be phished",
        "sign_in/test_demanded_factors.py::"
        "test_t098_a_demand_of_the_installation_holds_for_every_role",
        "sign_in/test_passkey.py::test_a_passkey_alone_is_two_factors",
        "accounts/test_attested_passkeys.py::"
        "test_any_other_is_refused_and_its_owner_told_why",
        remark="the operator demands it: `AUTH_SERVE_MFA__REQUIRED`, roles, "
        "`AUTH_SERVE_PASSKEY__METADATA_FILE`; passkeys alone cannot be demanded",
    ),
    "6.3.4": asked(
        "no way that nobody wrote down, none weaker than the others",
        _MATRIX,
        _NO_WAY_MISSING,
    ),
    "6.3.5": asked(
        "owners hear of strange sign-ins and of tries at the second factor",
        _NEW_SIGN_IN,
        f"{_ATTEMPT}"
        "test_t092_who_leaves_a_try_at_each_token_is_told_of_all_the_same",
    ),
    "6.3.6": asked(
        "mail is no factor",
        "accounts/test_registration.py::"
        "test_codes_that_are_switched_off_are_not_sent",
        f"{_STEP}test_t098_a_code_from_a_mail_is_one_factor",
        remark=_MAIL_IS_NO_FACTOR,
    ),
    "6.3.7": asked(
        "owners hear of each change of what signs them in",
        _CHANGES_MAILED,
        "test_users.py::test_a_new_address_confirms_and_both_are_told",
        "sign_in/test_not_me.py::"
        "test_the_link_ends_everything_and_only_a_mailed_link_lets_in",
    ),
    "6.3.8": asked(
        "nobody learns who has an account",
        f"{_ALIKE}test_t086_every_refused_sign_in_looks_alike_and_hashes_once",
        f"{_ALIKE}test_t089_asking_for_a_mail_answers_alike_for_everybody",
        f"{_ALIKE}test_t089_registering_answers_alike_for_everybody",
        "security/test_equal_work.py::"
        "test_t086_a_refused_sign_in_writes_the_same_for_everybody",
        remark="where `AUTH_SERVE_REGISTRATION` is `open` a taken address is said to "
        "be taken",
    ),
    "6.4.1": asked(
        "first secrets are chance, short-lived and for one use",
        f"{_ONCE}test_t130_an_invitation_is_for_its_address_and_once",
        f"{_ONCE}test_t130_an_invitation_expires",
        f"{_ONCE}"
        "test_t079_an_invited_account_has_no_password_until_its_owner_chose_one",
    ),
    "6.4.2": asked(
        "no hints, no questions",
        f"{_POLICY}test_nothing_takes_a_hint_or_an_answer_to_a_question",
        f"{_ONCE}test_t122_no_step_of_a_reset_works_without_the_link",
    ),
    "6.4.3": asked(
        "a reset skips no factor",
        f"{_RESET}test_t098_no_new_password_skips_the_second_factor",
    ),
    "6.4.4": asked(
        "who lost a factor proves as much as when it was set up",
        f"{_LOST}test_after_days_mailbox_and_password_take_every_factor_away",
        f"{_ROBBED}test_a_code_by_mail_begins_no_recovery",
        f"{_ROBBED}test_a_password_that_the_mailbox_gave_begins_no_recovery",
        remark="[ADR-0057](adr/0057-losing-every-factor.md)",
    ),
    "6.4.5": asked(
        "owners are reminded before a factor expires",
        remark="no factor here expires",
    ),
    "6.4.6": asked(
        "administrators begin a reset and choose no password",
        f"{_RESET}test_an_administrator_starts_a_recovery_and_learns_nothing",
        remark="not met for accounts that they make: `POST /api/v1/users` takes a "
        "first password; without one the owner is invited",
    ),
    "6.5.1": asked(
        "each code counts once",
        _CODE_ONCE,
        _RECOVERY_ONCE,
        "test_auth.py::test_a_mailed_code_signs_in_once",
        "races/test_factors.py::test_f39_a_code_finishes_one_of_many_sign_ins",
    ),
    "6.5.2": asked(
        "recovery codes of less than 112 bits are hashed as passwords are",
        _RECOVERY_BITS,
        "factors/test_recovery_code.py::"
        "test_what_is_stored_is_no_plain_hash_of_the_code",
        remark="ours have 120 bits, under a keyed digest",
    ),
    "6.5.3": asked(
        "secrets and codes are of the system's chance",
        _CHANCE,
        "core/test_randomness.py::test_a_forked_process_takes_chance_of_its_own",
    ),
    "6.5.4": asked(
        "a code has 20 bits and more",
        f"{_ONCE}test_a_code_by_mail_has_eight_digits_and_ten_minutes",
    ),
    "6.5.5": asked(
        "mailed codes live ten minutes, those of apps thirty seconds",
        f"{_ONCE}test_a_code_by_mail_has_eight_digits_and_ten_minutes",
        _TOTP_OF_NOW,
        remark="deviation: one step of drift either way, for clocks that are off; "
        "codes that confirm an address or reset a password live as long as their link",
    ),
    "6.5.6": asked(
        "a lost factor can be taken away",
        "accounts/test_passkeys.py::test_names_are_changed_and_passkeys_removed",
        f"{_FACTORS}test_an_administrator_takes_a_factor_and_the_owner_is_told",
    ),
    "6.5.7": asked(
        "no fingerprint by itself",
        remark="no biometric data come here; a passkey looks at them at its owner's",
    ),
    "6.5.8": asked(
        "the time of a code is the server's",
        _TOTP_OF_NOW,
        "operation/test_shared_clock.py::"
        "test_two_replicas_two_hours_apart_are_one_service",
    ),
    "6.6.1": asked(
        "calls and text messages have a stronger choice beside", remark=_NOT_OFFERED
    ),
    "6.6.2": asked(
        "a mailed code is of the request that asked for it",
        "pages/test_email_code.py::"
        "test_the_code_is_good_at_no_other_browser_and_no_program",
        remark="a program that asks by the API is bound by nothing but the address",
    ),
    "6.6.3": asked(
        "guesses at codes are counted",
        f"{_SLOW}test_t091_five_wrong_codes_void_a_code_of_any_purpose",
        f"{_SLOW}test_t092_a_new_code_does_not_buy_new_guesses",
    ),
    "6.6.4": asked("no flood of pushed questions", remark=_NOT_OFFERED),
    "6.7.1": asked(
        "what verifies a factor cannot be exchanged",
        "factors/test_attestation.py::"
        "test_metadata_that_somebody_else_signed_is_not_read",
        remark="public keys of passkeys stand in the database: who may write there is "
        "the operator's to say",
    ),
    "6.7.2": asked(
        "challenges of 64 bits and more, never the same",
        "sign_in/test_passkey.py::test_t088_options_are_about_nobody_and_store_nothing",
        _CHALLENGE,
    ),
    "6.8.1": asked("a person is issuer and subject together", remark=_NOT_OFFERED),
    "6.8.2": asked("signatures of other providers are checked", remark=_NOT_OFFERED),
    "6.8.3": asked("a SAML assertion counts once", remark=_NOT_OFFERED),
    "6.8.4": asked(
        "what another provider says of strength counts", remark=_NOT_OFFERED
    ),
}
