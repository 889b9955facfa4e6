"""Pages that open by their address: what axe, scales and rulers look at."""

from app.pages.console.sections import SECTIONS

VISITORS = (
    *("/signin", "/signup", "/signin/code", "/forgot-password", "/reset-password"),
    *("/verify-email", "/resend-verification", "/setup", "/demo", "/language"),
    *("/done/setup", "/done/mail-sent", "/done/registered", "/nothing/here"),
)
PORTAL = (
    *("/account", "/account/profile", "/account/email", "/account/security"),
    *("/account/password", "/account/passkeys", "/account/factors"),
    *("/account/sessions", "/applications", "/account/activity"),
    *("/account/data", "/account/delete"),
    *("/account/tokens", "/account/new-token"),
    *("/", "/signout"),
)
CONSOLE = tuple(section.path for section in SECTIONS)
