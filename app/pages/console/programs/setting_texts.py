"""What the settings of connections are called, and what has to be known of each.

A setting without words here is called as it is, and explained as its kind says it.
"""

from collections.abc import Mapping

from app.core.language import N_, Message, gettext

_USUAL = N_("Empty: as is usual there.")
_LABELS: Mapping[str, Message] = {
    "issuer": N_("Issuer"),
    "client_id": N_("Client ID"),
    "client_secret": N_("Client secret"),
    "authentication": N_("How this service proves itself there"),
    "private_key": N_("Private key"),
    "key_id": N_("ID of the key"),
    "team_id": N_("ID of the team"),
    "assertion_audience": N_("Whom signed proofs are for"),
    "scopes": N_("Scopes"),
    "response_mode": N_("How answers come back"),
    "userinfo": N_("Userinfo is asked, too"),
    "hosted_domain": N_("Only accounts of this organization"),
    "offline": N_("What ends there shall end here"),
    "tenant": N_("Tenant"),
    "tenants": N_("Only these tenants"),
    "cloud": N_("Cloud"),
    "url": N_("Address of the server"),
    "domain": N_("Domain"),
    "authorization_server": N_("Authorization server"),
    "realm": N_("Realm"),
    "email": N_("The app may ask for addresses"),
    "directory": N_("Product"),
    "servers": N_("Servers"),
    "start_tls": N_("Plain connections are encrypted (StartTLS)"),
    "ca_certificates": N_("Certificates of its authority"),
    "bind_name": N_("Name of the account that searches"),
    "bind_password": N_("Password of that account"),
    "user_base": N_("Where people are"),
    "user_filter": N_("Filter for people"),
    "login_attributes": N_("Attributes that people sign in with"),
    "id_attribute": N_("Attribute that says who somebody is"),
    "attributes": N_("Attributes besides"),
    "group_base": N_("Where groups are"),
    "group_filter": N_("Filter for groups"),
    "nested_groups": N_("Groups within groups count"),
    "page_size": N_("Entries in one answer"),
    "timeout": N_("Seconds for one answer"),
    "verified_mail": N_("Its email addresses are believed"),
    "keeps_passwords": N_("Passwords move here"),
}
# What is right as it is for nearly everybody: a form has it under "More settings".
SELDOM = frozenset(
    {
        "assertion_audience",
        "attributes",
        "authentication",
        "authorization_server",
        "ca_certificates",
        "group_filter",
        "id_attribute",
        "key_id",
        "login_attributes",
        "nested_groups",
        "offline",
        "page_size",
        "private_key",
        "response_mode",
        "scopes",
        "timeout",
        "user_filter",
        "userinfo",
    }
)
_HINTS: Mapping[str, Message] = {
    "issuer": N_("In every character as its discovery document has it."),
    "client_id": N_("As the other side names this service."),
    "apple.client_id": N_("The Services ID."),
    "private_key": N_("In PEM."),
    "apple.private_key": N_("What is in the file AuthKey_….p8."),
    "apple.key_id": N_("It is in the name of that file."),
    "authentication": N_("Empty: as the other side offers it."),
    "scopes": N_("What is asked for, one per line."),
    "hosted_domain": N_("Domain of a Google Workspace. Empty: any account."),
    "offline": N_("A refresh token is asked for."),
    "tenant": N_(
        "Its ID; or organizations for any, consumers for Microsoft accounts, common "
        "for both."
    ),
    "tenants": N_("IDs, one per line, of the tenants that may come. Empty: any."),
    "okta.domain": N_("Such as example.okta.com."),
    "auth0.domain": N_("Such as example.eu.auth0.com, or your own."),
    "authorization_server": N_("Such as default. Empty: the organization itself."),
    "keycloak.url": N_("With /auth where it has that."),
    "servers": N_("Such as ldaps://dc1.example.com, one per line, tried in order."),
    "start_tls": N_("What begins with ldap://. Without it only on this machine."),
    "ca_certificates": N_("In PEM. Empty: those of the system."),
    "bind_name": N_(
        "As the directory wants it, such as cn=reader,dc=example,dc=com. It has to "
        "read and nothing else."
    ),
    "user_base": N_("Such as ou=people,dc=example,dc=com."),
    "user_filter": _USUAL,
    "login_attributes": N_("One per line. Empty: as is usual there."),
    "id_attribute": N_("It must never change. Empty: what the directory has for that."),
    "attributes": N_("One per line, for what follows at each sign-in."),
    "group_base": N_("Empty: nobody's groups are asked for."),
    "group_filter": _USUAL,
    "verified_mail": N_("Only where nobody but administrators writes them."),
    "keeps_passwords": N_(
        "At each sign-in the password that was right becomes the account's own, if it "
        "meets the rules here."
    ),
}


def label_of(name: str) -> str:
    """Return what a setting is called."""
    known = _LABELS.get(name)
    return gettext(known) if known else name.replace("_", " ").capitalize()


def hint_of(kind: str, name: str) -> str:
    """Return what has to be known of a setting of a kind; empty if nothing is said."""
    said = _HINTS.get(f"{kind}.{name}") or _HINTS.get(name)
    return gettext(said) if said else ""
