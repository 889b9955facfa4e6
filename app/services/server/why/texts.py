"""The sentences of ``audit why``: what each check found, and which rule it holds to."""

from collections.abc import Mapping, Sequence

from app.core.context import Held
from app.core.language import N_
from app.events.sign_in import Refusal
from app.limit_settings import LimitSettings
from app.oauth.errors import Check

# Why a sign-in was refused, by what the audit trail calls it.
REASONS: Mapping[str, str] = {
    Refusal.UNKNOWN_ACCOUNT: N_("There is no account with what was typed."),
    Refusal.NO_PASSWORD: N_("The account has no password."),
    Refusal.WRONG_PASSWORD: N_("The password was wrong."),
    Refusal.WRONG_CODE: N_("The code from the email was wrong."),
    Refusal.WRONG_PASSKEY: N_("The passkey did not match."),
    Refusal.WRONG_SECOND_FACTOR: N_("The second factor was wrong."),
    Refusal.DISABLED: N_("The account is disabled."),
    Refusal.EMAIL_NOT_VERIFIED: N_("The email address is not confirmed yet."),
    Refusal.PASSWORD_RESET_REQUIRED: N_("The password has to be reset first."),
    Refusal.CHANGED_MEANWHILE: N_("The account changed in the same moment."),
    Refusal.TOO_MANY_ATTEMPTS: N_("There were too many attempts; it has to wait."),
    Refusal.CONNECTION_LEADS: N_(
        "People of this domain sign in by a connection, and are no administrators."
    ),
}
# What a check of the protocol found.
CHECKS: Mapping[str, str] = {
    Check.REQUEST: N_("The request was not in the form that this address takes."),
    Check.OFFER: N_("The application asked for something that is not offered here."),
    Check.CLIENT: N_("There is no application with the client ID that was sent."),
    Check.CLIENT_PROOF: N_("The application did not prove which one it is."),
    Check.CLIENT_RIGHTS: N_("The application is not registered for what it asked for."),
    Check.CLIENT_METADATA: N_(
        "What the application says about itself is not acceptable."
    ),
    Check.REDIRECT_URI: N_(
        "The address to return to is not the one that is registered."
    ),
    Check.PKCE: N_("The proof that a code is used by whoever asked for it is wrong."),
    Check.SCOPE: N_("The application asked for access that it may not have."),
    Check.RESOURCE: N_("The application asked for an API that it may not use."),
    Check.CODE: N_("The code that the application sent is unknown, used or expired."),
    Check.REFRESH_TOKEN: N_(
        "The refresh token is unknown or used, or what it belongs to has ended."
    ),
    Check.DEVICE_CODE: N_("The code of the device is unknown, used or expired."),
    Check.ASSERTION: N_("The token of the workload is not believed here."),
    Check.SUBJECT_TOKEN: N_("The token to be exchanged is not acceptable."),
    Check.ACTOR_TOKEN: N_("The token of who acts is not acceptable."),
    Check.ACCESS_TOKEN: N_("The access token is not valid any more, or not here."),
    Check.TOKEN_OWNER: N_("What was sent had been issued to another application."),
    Check.SIGN_IN: N_("Nobody was signed in as the application demands."),
    Check.STRENGTH: N_("The sign-in was weaker than the application demands."),
    Check.ACCOUNT_CHOICE: N_("It was not clear which account was meant."),
    Check.CONSENT: N_("The person has not agreed to what the application asks for."),
    Check.ANSWER: N_("The person said no."),
    Check.SERVER: N_("The service could not do it at that moment."),
}
# What held of a request that was then refused for something else.
_REDEEMED = N_("What it redeemed holds, and was issued to it.")
_ACCESS = N_("The application may have this access.")
PASSED: Mapping[str, str] = {
    Check.CLIENT: N_("The application is known."),
    Check.CLIENT_PROOF: N_("The application proved which one it is."),
    Check.CLIENT_RIGHTS: N_("The application is registered for what it asked for."),
    Check.REDIRECT_URI: N_("The address to return to is one that is registered."),
    Check.PKCE: N_("The code is used by whoever asked for it."),
    Check.SCOPE: _ACCESS,
    Check.RESOURCE: _ACCESS,
    Check.CODE: _REDEEMED,
    Check.REFRESH_TOKEN: _REDEEMED,
    Check.DEVICE_CODE: _REDEEMED,
    Check.ASSERTION: _REDEEMED,
    Check.SUBJECT_TOKEN: _REDEEMED,
    Check.ACCESS_TOKEN: N_("An access token was issued."),
    Check.SIGN_IN: N_("Somebody is signed in, as recently as was demanded."),
    Check.CONSENT: N_("The person agreed, or did not have to be asked."),
    Held.ATTEMPT: N_("No limit of attempts stood in the way."),
    Held.PASSWORD: N_("The password was right."),
    Held.ACCOUNT: N_("The account may sign in."),
    Held.SECOND_STEP: N_("Whether a second factor is needed was looked at."),
    Held.SESSION: N_("A session began."),
    Held.TOKEN: N_("The token was looked at."),
    Held.CLAIMS: N_("What may be told of the person was told."),
    Held.HOST: N_("The policy of the protected host was looked at."),
    Held.VISITOR: N_("Whoever asked may enter."),
}
# What leaves without an answer of ours.
CODES: Mapping[str, str] = {
    "client_gone": N_("Whoever asked went away before the answer was ready."),
}
# The same of what held, where that is not the same rule.
PASSED_RULES: Mapping[str, Sequence[str]] = {
    Held.ATTEMPT: (
        "AUTH_SERVE_LIMITS__SIGN_IN_ACCOUNT",
        "AUTH_SERVE_LIMITS__SIGN_IN_ADDRESS",
    ),
    Held.ACCOUNT: ("AUTH_SERVE_REGISTRATION",),
    Held.SECOND_STEP: ("AUTH_SERVE_MFA__REQUIRED", "mfa_required"),
    Held.SESSION: ("AUTH_SERVE_SESSION__IDLE_TTL", "AUTH_SERVE_SESSION__ABSOLUTE_TTL"),
    Held.TOKEN: ("AUTH_SERVE_TOKEN__ACCESS_TTL", "resources"),
    Held.CLAIMS: ("scope", "claim_mappings"),
    Held.HOST: ("protected-hosts",),
    Held.VISITOR: ("protected-hosts",),
}
# Where the rule stands that a check holds to: settings, and fields of clients.
RULES: Mapping[str, Sequence[str]] = {
    Check.OFFER: ("/.well-known/openid-configuration",),
    Check.CLIENT: ("client_id",),
    Check.CLIENT_PROOF: ("token_endpoint_auth_method", "client_secret", "jwks"),
    Check.CLIENT_RIGHTS: ("grant_types", "response_types"),
    Check.REDIRECT_URI: ("redirect_uris", "redirect_uri_patterns"),
    Check.PKCE: ("pkce", "AUTH_SERVE_OAUTH__PKCE"),
    Check.SCOPE: ("scope", "AUTH_SERVE_OAUTH__SCOPES"),
    Check.RESOURCE: ("resources", "AUTH_SERVE_RESOURCES"),
    Check.CODE: ("AUTH_SERVE_OAUTH__CODE_TTL",),
    Check.REFRESH_TOKEN: (
        "AUTH_SERVE_OAUTH__IDLE_TTL",
        "AUTH_SERVE_OAUTH__ABSOLUTE_TTL",
        "AUTH_SERVE_SESSION__REFRESH_WINDOW",
    ),
    Check.DEVICE_CODE: ("AUTH_SERVE_OAUTH__DEVICE_CODE_TTL",),
    Check.ASSERTION: ("trusted-issuers",),
    Check.SUBJECT_TOKEN: ("token_exchange",),
    Check.ACTOR_TOKEN: ("token_exchange",),
    Check.ACCESS_TOKEN: ("AUTH_SERVE_TOKEN__ACCESS_TTL",),
    Check.SIGN_IN: ("prompt", "max_age", "id_token_hint"),
    Check.STRENGTH: ("minimum_acr", "acr_values", "claims"),
    Check.CONSENT: ("prompt",),
    Refusal.EMAIL_NOT_VERIFIED: ("AUTH_SERVE_REGISTRATION",),
    Refusal.WRONG_CODE: ("AUTH_SERVE_ONE_TIME__EMAIL_CODE_TTL",),
    Refusal.TOO_MANY_ATTEMPTS: ("AUTH_SERVE_LIMITS",),
    "too_many_attempts": ("AUTH_SERVE_LIMITS",),
    **{
        name: (f"AUTH_SERVE_LIMITS__{name.upper()}",)
        for name in LimitSettings.model_fields
    },
    "mfa_required": ("AUTH_SERVE_MFA", "mfa_required"),
    "invalid_mfa_token": ("AUTH_SERVE_MFA",),
    "flow_not_found": ("AUTH_SERVE_OAUTH__FLOW_TTL",),
    "host_forbidden": ("protected-hosts",),
    "host_not_protected": ("protected-hosts",),
    "proxy_not_trusted": ("AUTH_SERVE_TRUSTED_PROXIES",),
    "unclear_forwarded_request": ("AUTH_SERVE_PUBLIC_URL",),
    "client_registration_off": ("AUTH_SERVE_OAUTH__REGISTRATION",),
}
_SHARES = ("_wide", "_proven", "_network")  # of a limit, by the end of its name


def limit_of(hint: str) -> str:
    """Return the limit that a share of it is named after; other hints as they are."""
    for end in _SHARES:
        if hint not in RULES:
            hint = hint.removesuffix(end)
    return hint
