"""What NIST SP 800-63B-4 asks of passwords, factors, recovery and sessions.

Its sections, in words of this project, and the test that shows each. What OWASP ASVS
asks is in ``tools/authentication_requirements.py`` and ``session_requirements.py``.
"""

from tools.authentication_requirements import Requirement, asked

_HASHING = "accounts/test_password_hashing.py::"
_POLICY = "accounts/test_password_policy.py::"
_FACTORS = "accounts/test_factors.py::"
_STEP = "sign_in/test_second_step.py::"
_LOST = "sign_in/lost/test_lost_factors.py::"
_ROBBED = "sign_in/lost/test_lost_factors_attack.py::"
_ONCE = "security/test_one_time.py::"
_RECENT = "security/test_recent_sign_in.py::"
_COOKIE = "sign_in/test_browser_cookie.py::"
_KEYS = "factors/test_recovery_code.py::"
_TO_A_LEVEL = (
    "security/test_stale_rights.py::"
    "test_a_session_rests_and_lives_no_longer_than_its_level"
)
_CHANGES_MAILED = f"{_FACTORS}test_every_change_is_mailed_and_ends_sessions_elsewhere"
_TWO_FACTORS = "sign_in/test_passkey.py::test_a_passkey_alone_is_two_factors"
_BROKEN_ASSERTION = (
    "factors/test_passkey.py::test_t107_an_assertion_with_one_thing_wrong_is_refused"
)
_CONFIRMED_FIRST = (
    "sign_in/test_enrolment.py::"
    "test_an_account_that_anybody_may_have_registered_gets_no_factor"
)

NIST: dict[str, Requirement] = {
    "2.1.3": asked(
        "level 1: a new sign-in after 30 days",
        _TO_A_LEVEL,
        remark="not met by default (90 days, 14 unused); the operator sets "
        "`AUTH_SERVE_SESSION__ABSOLUTE_TTL`",
    ),
    "2.2.1": asked(
        "level 2: two factors, of which one cannot be replayed",
        _TWO_FACTORS,
        f"{_STEP}test_a_code_finishes_what_the_password_began",
        f"{_STEP}test_a_code_is_accepted_once_ever",
        "oauth/test_acr.py::test_the_level_is_read_from_what_was_proven",
    ),
    "2.2.2": asked(
        "level 2: one that cannot be phished is offered",
        "pages/test_passkey.py::"
        "test_the_sign_in_page_offers_passkeys_to_whoever_can_use_them",
        "sign_in/test_passkey.py::test_a_passkey_is_a_second_step",
    ),
    "2.2.3": asked(
        "level 2: a new sign-in after 24 hours, or one unused",
        _TO_A_LEVEL,
        "oauth/test_interaction.py::test_t106_max_age",
        remark="not met by default; the operator sets `AUTH_SERVE_SESSION__IDLE_TTL` "
        "and `AUTH_SERVE_SESSION__ABSOLUTE_TTL`, an application asks with `max_age`",
    ),
    "2.3.1": asked(
        "level 3: a key that cannot leave its hardware",
        "factors/test_attestation.py::test_a_synced_one_has_nobody_to_vouch_for_it",
        "factors/test_attestation.py::test_a_model_that_is_not_listed_is_not_taken",
        remark="not met as a level: no `aal3` is told to applications; the operator "
        "can take such keys only (`AUTH_SERVE_PASSKEY__METADATA_FILE`)",
    ),
    "2.3.3": asked(
        "level 3: a new sign-in after 12 hours, or 15 minutes unused",
        _TO_A_LEVEL,
        remark="not met by default; the operator sets what level 2 needs, lower",
    ),
    "3.1.1.2 length": asked(
        "15 characters where it is the only factor, else 8; 64 and more are allowed",
        f"{_HASHING}test_a_bad_password_is_refused_by_name",
        f"{_POLICY}test_a_password_is_as_long_as_the_operator_wants",
        "security/test_throttling.py::"
        "test_t133_a_long_password_works_whole_or_is_refused",
        remark="not met by default where it is the only factor: 8, as ASVS 6.2.1 has "
        "it; the operator sets `AUTH_SERVE_PASSWORD__MIN_LENGTH`",
    ),
    "3.1.1.2 characters": asked(
        "every character, blanks among them; one code point is one",
        f"{_HASHING}test_any_other_password_is_accepted_whatever_it_is_made_of",
        f"{_HASHING}test_a_bad_password_is_refused_by_name",
    ),
    "3.1.1.2 form": asked(
        "spellings of one text are one password",
        f"{_HASHING}test_composed_and_decomposed_letters_are_one_password",
        remark="deviation: NFC, not NFKC or NFKD, which make different characters "
        "alike",
    ),
    "3.1.1.2 whole": asked(
        "nothing is cut off",
        f"{_HASHING}test_the_last_character_of_the_longest_password_counts",
        f"{_POLICY}test_a_password_counts_as_it_was_typed",
    ),
    "3.1.1.2 rules": asked(
        "no rule of composition, no age",
        f"{_POLICY}test_what_only_looks_a_little_like_it_is_accepted",
        f"{_POLICY}test_a_password_does_not_age",
    ),
    "3.1.1.2 compromise": asked(
        "a change is demanded after a compromise",
        "sign_in/test_reset_required.py::"
        "test_no_right_factor_signs_in_until_the_password_was_reset",
        "sign_in/test_not_me.py::"
        "test_the_link_ends_everything_and_only_a_mailed_link_lets_in",
    ),
    "3.1.1.2 hints": asked(
        "no hints, no questions",
        f"{_POLICY}test_nothing_takes_a_hint_or_an_answer_to_a_question",
        f"{_ONCE}test_t122_no_step_of_a_reset_works_without_the_link",
    ),
    "3.1.1.2 blocklist": asked(
        "common and leaked ones and those of the context are refused, with the reason",
        "accounts/test_common_passwords.py::test_every_place_of_the_list_is_found",
        f"{_POLICY}test_every_request_that_sets_a_password_refuses_it",
        f"{_POLICY}test_pages_refuse_it_too_and_say_why",
    ),
    "3.1.1.2 paste": asked(
        "pasting and password managers work; it can be shown",
        "pages/test_form_help.py::test_a_password_is_hidden_and_may_be_pasted",
    ),
    "3.1.1.2 storage": asked(
        "salted, and costly to try",
        f"{_HASHING}test_two_hashes_of_one_password_differ",
        f"{_HASHING}test_parameters_outside_the_bounds_are_refused",
        f"{_ONCE}test_t127_no_hash_of_a_password_is_kept_that_guesses_can_be_tried_on",
        remark="no secret of the installation besides (advised, not demanded)",
    ),
    "3.1.2.2": asked(
        "a recovery code counts once, and is stored under a hash",
        f"{_STEP}test_a_recovery_code_stands_in_once",
        f"{_KEYS}test_what_is_stored_is_no_plain_hash_of_the_code",
        f"{_FACTORS}test_the_secret_is_sealed_and_told_to_nobody_again",
    ),
    "3.1.3.1": asked(
        "mail is no second channel",
        f"{_STEP}test_t098_a_code_from_a_mail_is_one_factor",
        "sign_in/test_reset_keeps_factors.py::"
        "test_t098_no_new_password_skips_the_second_factor",
        remark="not met by default for accounts of one factor: a mailed code signs "
        "them in, at `aal1`; `AUTH_SERVE_EMAIL_CODE__ENABLED` turns it off",
    ),
    "3.1.4.2": asked(
        "a code of an app counts once, for two minutes at most; its secret is sealed",
        f"{_STEP}test_a_code_is_accepted_once_ever",
        f"{_STEP}test_t095_a_code_of_long_ago_or_to_come_is_refused",
        f"{_FACTORS}test_the_secret_is_sealed_and_told_to_nobody_again",
        "races/test_factors.py::test_f39_a_code_finishes_one_of_many_sign_ins",
    ),
    "3.1.7": asked(
        "a passkey is two factors only if it knew its user",
        _TWO_FACTORS,
        "accounts/test_passkeys.py::"
        "test_one_that_did_not_know_its_user_is_a_second_step_only",
    ),
    "3.2.2": asked(
        "no more than 100 failures in a row, and the owner is not locked out",
        "core/test_backoff.py::"
        "test_a_day_of_the_cleverest_guesser_is_fewer_than_a_hundred",
        "sign_in/test_under_attack.py::"
        "test_a_million_guesses_stay_under_the_stated_bound",
        "sign_in/test_second_step_attempt.py::"
        "test_t092_a_day_of_guesses_is_bounded_and_so_are_the_mails",
        "sign_in/test_known_device.py::"
        "test_a_flood_from_everywhere_does_not_stop_a_known_device",
        "core/test_counted_first.py::test_t094_what_is_over_its_limit_costs_no_hash",
        remark="fewer than 100 guesses a day at an account, fewer than 2,100 with "
        "work; counted by the day, not in a row ([ADR-0053](adr/0053-under-attack.md))",
    ),
    "3.2.4": asked(
        "what vouches for a key is verified",
        "factors/test_attestation.py::"
        "test_who_calls_themselves_a_maker_is_not_believed",
        "factors/test_attestation.py::"
        "test_a_model_of_which_bad_is_known_is_not_taken",
    ),
    "3.2.5": asked(
        "what a passkey says to one site is of no use to another",
        _BROKEN_ASSERTION,
        "sign_in/test_passkey.py::test_a_hostile_answer_signs_nobody_in",
    ),
    "3.2.7": asked(
        "nothing that was overheard counts again",
        "factors/test_factors.py::test_an_answer_counts_once",
        "sign_in/test_passkey.py::test_an_answer_signs_in_once",
        "races/test_passkeys.py::test_an_answer_signs_in_once",
        remark="factors; a password does, by its nature",
    ),
    "3.2.8": asked("a passkey was touched", _BROKEN_ASSERTION),
    "3.2.12": asked(
        "chance is of an approved generator",
        "architecture/test_rules.py::test_what_is_banned_is_used_only_where_it_may",
        remark="that of the operating system",
    ),
    "4.1.2 level": asked(
        "a factor is added with the strongest that there is",
        f"{_RECENT}test_a_fresh_session_of_one_factor_does_not_stand_for_two",
        f"{_RECENT}test_t103_a_session_without_a_recent_sign_in_is_not_enough",
        "sign_in/test_enrolment.py::"
        "test_t101_who_has_a_factor_cannot_set_another_up_this_way",
        _CONFIRMED_FIRST,
    ),
    "4.1.2 notice": asked("and its owner hears of it otherwise", _CHANGES_MAILED),
    "4.1.2 set-up": asked(
        "a set-up lives ten minutes, in its own session, and ends once",
        f"{_FACTORS}test_a_newer_set_up_replaces_the_one_before_and_each_ends",
        "accounts/test_passkeys.py::"
        "test_an_answer_is_taken_once_and_in_its_session_only",
        "races/test_factors.py::test_f39_a_set_up_is_confirmed_once",
        remark="codes that bind a factor at another device are not offered",
    ),
    "4.2.1.1": asked(
        "saved codes have 64 bits and more, are hashed, slowed, and used up",
        f"{_KEYS}test_there_are_ten_of_112_bits_or_more",
        f"{_KEYS}test_what_is_stored_is_no_plain_hash_of_the_code",
        f"{_STEP}test_t092_t094_codes_are_limited_however_often_the_password_is_given",
        f"{_FACTORS}test_recovery_codes_are_ten_and_a_new_set_replaces_the_old",
    ),
    "4.2.1.2": asked(
        "issued codes have six digits and more, by mail for 24 hours at most",
        f"{_ONCE}test_a_code_by_mail_has_eight_digits_and_ten_minutes",
        f"{_ONCE}test_t125_every_link_expires",
        f"{_LOST}test_the_last_link_lives_for_a_day_and_works_once",
    ),
    "4.2.2": asked(
        "level 2: recovery takes two means, or one and a factor",
        f"{_LOST}test_after_days_mailbox_and_password_take_every_factor_away",
        f"{_ROBBED}test_the_mailbox_alone_guesses_five_times_and_then_it_is_over",
        f"{_ROBBED}test_a_password_that_the_mailbox_gave_begins_no_recovery",
        f"{_ROBBED}test_the_password_alone_never_sees_a_link",
        remark="mailbox, password and time "
        "([ADR-0057](adr/0057-losing-every-factor.md)); "
        "how an administrator knows who asks is the operator's",
    ),
    "4.2.3": asked(
        "each recovery is told to the owner",
        f"{_LOST}test_after_days_mailbox_and_password_take_every_factor_away",
        f"{_FACTORS}test_using_a_recovery_code_is_mailed_with_what_is_left",
        f"{_FACTORS}test_an_administrator_takes_a_factor_and_the_owner_is_told",
    ),
    "4.3": asked(
        "who lost a factor, or has a thief, can say so at once",
        "accounts/test_passkeys.py::test_names_are_changed_and_passkeys_removed",
        "sign_in/test_new_sign_in.py::"
        "test_the_link_of_the_mail_ends_that_session_and_what_it_set_up",
        "sign_in/test_not_me.py::test_factors_are_frozen_for_the_stated_time",
    ),
    "4.6": asked(
        "changes of address and factors are told at an address that was proven",
        _CHANGES_MAILED,
        "test_users.py::test_a_new_address_confirms_and_both_are_told",
        remark="the address of before and of now; one address an account has",
    ),
    "5.1": asked(
        "secrets of a session have 64 bits and more, and end with it",
        "operation/test_secret_key.py::"
        "test_a_secret_of_a_session_has_256_bits_of_the_key",
        "pages/test_signin.py::test_somebody_signs_in_and_out",
        "security/test_sessions.py::test_t116_t121_an_ended_session_is_dead_at_once",
    ),
    "5.1 forms": asked(
        "what a form sends proves whose page it is of",
        f"{_COOKIE}test_a_form_token_belongs_to_a_browser_and_to_who_is_signed_in",
        "security/test_browser.py::test_t064_a_form_of_another_browser_signs_nobody_in",
    ),
    "5.1.1": asked(
        "cookies are of this host, by TLS alone, and no script's",
        "pages/test_signin.py::test_the_cookies_belong_to_the_host",
        f"{_COOKIE}test_cookies_are_bound_to_the_host_where_there_is_https",
        "sign_in/test_known_device.py::"
        "test_its_cookie_is_no_scripts_and_no_other_sites",
    ),
    "5.1.2": asked(
        "an access token says nothing of who is there",
        f"{_RECENT}test_t103_a_session_without_a_recent_sign_in_is_not_enough",
        "security/test_account_scope.py::"
        "test_an_older_sign_in_is_challenged_as_applications_understand",
    ),
    "5.2": asked(
        "a session ends unused and at its longest life",
        "sign_in/test_browser_session.py::"
        "test_t121_a_session_ends_unused_and_at_its_absolute_end",
        remark="how long: 2.1.3, 2.2.3, 2.3.3",
    ),
    "5.2 browser": asked(
        "a remembered browser takes the place of no sign-in",
        "sign_in/test_remembered_device.py::"
        "test_where_two_factors_are_demanded_nobody_is_excused",
        "provider/test_step_up.py::"
        "test_a_browser_that_is_remembered_is_asked_all_the_same",
        "pages/test_portal.py::"
        "test_who_is_remembered_proves_the_second_factor_before_a_change",
        remark="it excuses from the second step, and the session has one factor "
        "([ADR-0056](adr/0056-the-second-step.md))",
    ),
}
