"""What OWASP ASVS 5.0 asks of sessions (V7), and the test that shows each.

The other half is ``tools/authentication_requirements.py``.
"""

from tools.authentication_requirements import Requirement, asked

_SESSIONS = "security/test_sessions.py::"
_BROWSER = "security/test_browser.py::"
_RECENT = "security/test_recent_sign_in.py::"
_COOKIE = "sign_in/test_browser_cookie.py::"
_STALE = "security/test_stale_rights.py::"
_ENDED = f"{_SESSIONS}test_t116_t121_an_ended_session_is_dead_at_once"
_ENDED_IN_BROWSER = (
    "sign_in/test_browser_session.py::"
    "test_t116_t121_an_ended_session_is_none_with_the_next_request"
)
_TIMES = (
    "[configuration](configuration.md), [operations](operations.md#ends-of-sessions)"
)
_MAX_AGE = "oauth/test_interaction.py::test_t106_max_age"
_NO_FORCED_SESSION = f"{_BROWSER}test_t064_a_form_of_another_browser_signs_nobody_in"

SESSIONS: dict[str, Requirement] = {
    "7.1.1": asked(
        "idle and longest life are written, and why",
        remark=f"{_TIMES}; longer than NIST has them (5.2 below)",
    ),
    "7.1.2": asked(
        "how many sessions an account has is written",
        "operation/test_janitor.py::test_of_too_many_sessions_the_least_used_end",
        remark="`AUTH_SERVE_SESSION__MAX_PER_USER` in "
        "[configuration](configuration.md)",
    ),
    "7.1.3": asked(
        "what ends where one sign-in serves many applications is written",
        "sign_in/test_session_end.py::"
        "test_t116_t121_applications_are_told_of_each_end_once",
        remark="[operations](operations.md#ends-of-sessions)",
    ),
    "7.2.1": asked(
        "the server verifies tokens",
        f"{_COOKIE}test_t115_a_changed_cookie_is_no_session",
        "security/test_tokens.py::test_t115_a_changed_refresh_token_is_refused",
        "security/test_tokens.py::test_t001_a_token_without_a_signature_is_refused",
    ),
    "7.2.2": asked(
        "tokens are made for each session",
        f"{_SESSIONS}test_t112_every_sign_in_begins_a_session_of_its_own",
    ),
    "7.2.3": asked(
        "secrets of a session have 128 bits and more",
        "operation/test_secret_key.py::"
        "test_a_secret_of_a_session_has_256_bits_of_the_key",
        "security/test_start.py::test_t004_a_weak_secret_does_not_start",
        remark="an HMAC under the secret key, over an identifier of the "
        "system's chance",
    ),
    "7.2.4": asked(
        "each sign-in and step up has a new token, and the old one ends",
        f"{_BROWSER}test_t112_an_old_cookie_is_dead_after_the_next_sign_in",
        "sign_in/test_fresh_sign_in.py::"
        "test_t112_a_fresh_sign_in_keeps_the_session_and_kills_the_cookie",
        "sign_in/test_step_up.py::test_a_step_up_renews_the_session_with_both_factors",
        "pages/test_raised_session.py::"
        "test_t112_a_copied_cookie_is_not_raised_with_the_session",
        remark="a program that signs in anew begins another session; its first lives "
        "on until it signs out",
    ),
    "7.3.1": asked(
        "unused, a session ends",
        "sign_in/test_browser_session.py::test_t121_an_unused_session_ends",
        "test_auth.py::test_a_session_ends_when_unused_and_in_any_case_after_its_time",
    ),
    "7.3.2": asked(
        "at its longest life it ends, however much it is used",
        "sign_in/test_browser_session.py::"
        "test_t121_a_session_ends_unused_and_at_its_absolute_end",
        f"{_STALE}test_t121_no_refresh_takes_a_session_past_its_absolute_end",
    ),
    "7.4.1": asked(
        "what ended is of no use any more, a token of its own neither",
        _ENDED,
        _ENDED_IN_BROWSER,
        "races/test_processes.py::"
        "test_trap_22_what_ends_in_one_process_is_over_in_the_other",
        remark="applications that look at an access token by themselves take it until "
        "its five minutes are over",
    ),
    "7.4.2": asked(
        "a disabled or deleted account has no session",
        _ENDED,
        _ENDED_IN_BROWSER,
        f"{_STALE}test_t037_an_access_token_serves_an_active_account_only",
    ),
    "7.4.3": asked(
        "a changed factor ends the other sessions",
        "accounts/test_factors.py::"
        "test_every_change_is_mailed_and_ends_sessions_elsewhere",
        "test_auth.py::test_a_changed_password_ends_every_other_session",
        remark="without being asked to; an administrator who takes a factor away "
        "leaves sessions alone",
    ),
    "7.4.4": asked(
        "each page shows the way out",
        "pages/test_portal.py::test_every_page_is_whole_and_leads_to_the_others",
        "pages/test_signin.py::test_somebody_signs_in_and_out",
    ),
    "7.4.5": asked(
        "administrators end the sessions of one account or of all",
        _ENDED,
        "cli/test_account.py::test_sessions_are_listed_and_ended",
        "operation/test_backup.py::test_one_command_ends_everything_without_a_restore",
    ),
    "7.5.1": asked(
        "factors, address and password change after a whole new sign-in only",
        f"{_RECENT}test_every_operation_that_documents_it_is_tried_here",
        f"{_RECENT}test_t103_a_session_without_a_recent_sign_in_is_not_enough",
        f"{_RECENT}test_a_fresh_session_of_one_factor_does_not_stand_for_two",
        "pages/test_portal.py::"
        "test_t103_what_protects_the_account_asks_for_a_sign_in_of_just_now",
    ),
    "7.5.2": asked(
        "owners see their sessions and end them",
        "test_users.py::test_sessions_are_listed_and_ended_one_by_one_or_all_others",
        "pages/test_portal.py::test_sessions_are_ended_one_by_one_and_all_others",
        "security/test_access_control.py::"
        "test_t151_other_peoples_sessions_do_not_exist",
    ),
    "7.5.3": asked(
        "one more factor before what is most sensitive",
        f"{_RECENT}test_a_fresh_session_of_one_factor_does_not_stand_for_two",
        "pages/test_portal.py::"
        "test_who_is_remembered_proves_the_second_factor_before_a_change",
        remark="asked of accounts that have a second factor, or whose role demands one",
    ),
    "7.6.1": asked(
        "applications say how old a sign-in may be, and it holds",
        _MAX_AGE,
        "provider/test_step_up.py::test_whose_sign_in_is_older_proves_both",
        "security/test_authorization.py::"
        "test_t104_freshness_is_not_proven_with_another_account",
    ),
    "7.6.2": asked(
        "no session begins without an act of its owner",
        _NO_FORCED_SESSION,
        f"{_BROWSER}test_t065_a_link_neither_signs_in_nor_out",
    ),
}
