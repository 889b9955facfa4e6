"""What was found when the service was used for real, and what stands against it now.

``docs/security.md`` ends with this table (``tools/security_coverage.py``). Tests are
modules, or ``module::test``; ``tests/documents/test_security_coverage.py`` looks for
them.
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
    1: Found(
        "A client that nobody vouches for sends browsers away",
        (
            "provider/test_unvouched.py",
            "provider/test_vouching.py",
            "database/test_migrations.py::"
            "test_clients_of_before_are_vouched_for_by_who_made_them",
        ),
        "refused requests, a parameter twice, HEAD, POST, resume, deny, "
        "form_post, sign-out with nobody or another account, frames, changed "
        "URIs, revoked consent, promotion and demotion, rows of the release "
        "before, token options in both modes",
    ),
    2: Found(
        "Twins of one address",
        (
            "accounts/test_addresses.py",
            "accounts/test_import_addresses.py",
            "accounts/test_unclaimed.py",
            "races/test_takeover.py",
            "database/test_lock_order.py",
            "database/test_migrations.py::"
            "test_keys_of_addresses_are_recomputed_both_ways_and_nobody_is_lost",
        ),
        "two processes: squatter and owner by link, code, change, administrator; "
        "registration, resend, reset, code, change, invitation, set-up, tries "
        "at sign-in; up and down with data",
    ),
    3: Found(
        "Special-use domains are refused",
        ("accounts/test_addresses.py::test_what_is_special_is_so_in_every_spelling",),
        "register, own change, administrator's create and change; allowed and "
        "forbidden",
    ),
    4: Found(
        "What a restore brings back to life",
        ("operation/test_backup.py",),
        "sessions, grants, links, codes, machine and registration tokens, "
        "waiting messages; the same backup twice; damage of eight kinds, "
        "another key or schema, a used target; four pairs of engines",
    ),
    5: Found(
        "Cost of foreign hashes",
        ("accounts/test_foreign_work.py", "sign_in/test_imported_oracle.py"),
        "limits, tries, answers and headers of no account, an ordinary, an "
        "imported and a disabled one, API and page; every scheme with rounds, "
        "memory or bytes per round, all spellings together; sign-in and change "
        "of password; every verification that ends early; waiting places of "
        "clients that left, over a real socket",
    ),
    6: Found(
        "Strangers spend the owner's tries and links",
        (
            "security/test_strangers.py",
            "security/test_throttling.py",
        ),
        "links and codes of reset, verification, sign-in, invitation and change "
        "of address; API and pages; the network that asked and the browser that "
        "asked",
    ),
    7: Found(
        "Clocks that differ",
        ("operation/test_shared_clock.py",),
        "sign-in, both kinds of refresh, reset link, code, introspection, "
        "limiter, first start behind, a jump of the wall clock, keys that begin "
        "later, readiness and log",
    ),
    8: Found(
        "500 after a crash of the database",
        (
            "database/test_database_errors.py",
            "database/test_database_crash.py",
        ),
        "every class of both drivers; sockets, connecting, lost transactions; "
        "full, read-only, damaged and closed SQLite; kill -9 of backend and "
        "postmaster under API, tokens, pages and jobs",
    ),
    9: Found(
        "Time and limits tell who has an account",
        (
            "security/test_equal_work.py",
            "security/test_strangers.py",
        ),
        "registration, sign-in, reset, verification, mailed codes: the writes "
        "and the limits of known, unknown, disabled and invited addresses",
    ),
    10: Found(
        "Addresses as proxies say them",
        ("http/test_client_address.py",),
        "X-Forwarded-For and Forwarded, ports, brackets, quotes, zones, mapped "
        "IPv4, names that are no addresses; what came through a proxy at "
        "/dev/mailbox",
    ),
    11: Found(
        "Strangers make tables grow",
        (
            "provider/test_carried_flows.py::test_strangers_store_nothing_by_asking",
            "security/test_strangers.py::test_t172_a_whole_ipv6_site_is_bounded",
        ),
        "flows, mails, registrations, evidence of refusals: every limit by "
        "address counts an IPv6 /48 as well",
    ),
    12: Found(
        "What imported bcrypt does not read",
        (
            "accounts/test_foreign_hashes.py",
            "accounts/test_foreign_products.py",
        ),
        "prefixed and Django bcrypt, $2$, $2x$, lengths that wrapped, descrypt, "
        "trimming, escaping, NFKC",
    ),
    13: Found(
        "Requests lost at a stop",
        (
            "operation/test_stop.py",
            "operation/test_replicas.py",
        ),
        "readiness, unread connections, kept connections, a second signal; a "
        "rolling restart under load behind PgBouncer and a proxy",
    ),
    14: Found(
        "Bodies, hosts, methods, one-time POSTs",
        (
            "http/test_http_protocol.py",
            "http/test_http_head.py",
            "http/test_hosts_and_methods.py",
            "http/test_idempotency_races.py",
            "operation/test_health.py",
        ),
        "heads in one read and many, pipelined, trailers, extensions; every refusal "
        "before a body is read; Host missing, twice, malformed; "
        "Allow on every router; parallel requests of two processes; a full disk",
    ),
    15: Found(
        "Administrators who are locked out",
        ("cli/test_operation.py", "cli/test_installed.py"),
        "disabled account, lost password, old sessions, second use of the link, "
        "link in the mail, no administrator, unknown address; a real process in "
        "production",
    ),
    16: Found(
        "Weak passwords",
        (
            "accounts/test_password_policy.py",
            "accounts/test_common_passwords.py",
        ),
        "API, pages and set-up wherever a password is set; case, width, look- "
        "alikes, reversed, keyboard rows; names, address, host, sender",
    ),
    17: Found(
        "A lost answer signs somebody out",
        (
            "provider/test_lost_answers.py",
            "races/test_refresh.py::"
            "test_a_lost_answer_that_is_asked_for_late_by_a_crowd_signs_nobody_out",
        ),
        "sessions, grants, offline grants; idle and absolute end, revoked, "
        "disabled, stragglers, a thief first; two processes",
    ),
    18: Found(
        "A sign-out that ends nothing",
        (
            "provider/test_logout_by_hint.py",
            "provider/test_logout_ends.py",
        ),
        "GET, POST of a program and of a browser, replay, pairwise, another "
        "account's cookie, too old, off, unvouched, offline access, frames",
    ),
    19: Found(
        "preferred_username is nobody's word",
        (
            "accounts/test_user_claims.py::"
            "test_a_preferred_username_is_given_by_an_administrator_and_unique",
            "accounts/test_user_claims.py::"
            "test_a_name_that_nobody_gave_is_told_to_no_application",
        ),
        "own and administrator's claims, spellings of one name, rows of the "
        "release before",
    ),
    20: Found(
        "A refused request object, keys that rotate",
        (
            "provider/test_request.py::"
            "test_a_refused_request_object_is_answered_as_it_asks",
            "operation/test_key_rotation.py",
        ),
        "unreadable, signed, wrong types, unknown mode; two processes and both "
        "databases",
    ),
    21: Found(
        "The application is forgotten",
        ("pages/test_way_back.py", "accounts/test_named_application.py"),
        "reset, resend, sign-up, repeated invitation; link and code; same and "
        "other browser; a flow of another browser, a client that is gone, a "
        "forged way back; the API's nine entries, the command line, the mail to "
        "who has an account already, clients that nobody vouches for",
    ),
    22: Found(
        "Dead pages",
        (
            "pages/test_dead_ends.py",
            "pages/test_form_help.py",
            "pages/test_defects.py",
            "pages/test_stale_forms.py",
        ),
        "every page on the way of a flow, 19 kinds of dead end, a second tab, "
        "every form with a new password, 429 and 503",
    ),
    23: Found(
        "Client authentication as clients do it",
        (
            "oauth/test_client_authentication.py",
            "clients/test_proof.py",
        ),
        "every pair of registered and sent method; token, introspection, "
        "revocation; Basic encoded and plain",
    ),
    24: Found(
        "Registration as programs do it",
        (
            "oauth/clients/test_registration_request.py",
            "clients/test_registration_programs.py",
            "interop/test_programs.py",
            "security/test_clients.py",
        ),
        "POST and PUT; every member empty, blank or null; wrong types, long "
        "lists; grants, responses, scopes, schemes; CORS in each mode; no scope "
        "and one of nobody at registration, authorization, code and refresh",
    ),
    25: Found(
        "First start",
        (
            "http/test_known_query.py",
            "operation/test_log_human.py",
            "cli/test_shared.py",
            "cli/test_snippet.py",
            "interop/test_examples.py",
            "cli/test_installed.py",
            "cli/test_client.py::test_an_identifier_may_look_like_an_option",
        ),
        "every route and method of the API by collection; folders and files "
        "that cannot be used; forged lines of the human log; what a wheel holds; "
        "identifiers that look like options",
    ),
    26: Found(
        "Settings as platforms hand them over",
        (
            "operation/test_platform_settings.py",
            "database/test_database_url.py",
        ),
        "service links, empty values, other programs' names; addresses of "
        "managed databases; secrets from files",
    ),
    27: Found(
        "What people type and open twice",
        (
            "accounts/test_addresses.py",
            "accounts/test_given_addresses.py",
            "pages/test_used_links.py",
        ),
        "addresses, names, codes, pasted tokens; links of five kinds opened and "
        "pressed twice, scanners",
    ),
    28: Found(
        "Names, search, addresses, identifiers of clients",
        (
            "accounts/test_given_addresses.py",
            "clients/test_foreign_client_ids.py",
        ),
        "three kinds of name; queries in both forms of a domain; identifiers in "
        "paths, Basic, body, sub, aud",
    ),
    29: Found(
        "The command line",
        (
            "cli/test_shared.py",
            "cli/test_account.py",
            "cli/test_operation.py",
            "accounts/test_user_import.py",
            "cli/test_progress.py",
        ),
        "every command by walking the tree; usage, settings, database, refusal, "
        "defect, interruption",
    ),
    30: Found(
        "Migrations and promises for developers",
        (
            "database/test_new_revision.py",
            "architecture/test_promises.py",
        ),
        "tables, indexes, checks, keys, columns up and down; every model, "
        "event, mail template and sweep",
    ),
    31: Found(
        "Every password of an imported account",
        (
            "accounts/test_foreign_products.py",
            "accounts/test_user_import.py",
        ),
        "about 40 forms of other products, readings by source, unknown ones by "
        "name, weak ones counted",
    ),
}
