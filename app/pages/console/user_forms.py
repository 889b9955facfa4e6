"""The fields of an account that operators may change."""

from dataclasses import dataclass

from app.core.language import N_, Message


@dataclass(frozen=True, slots=True)
class Input:
    """A field of a form, which may be left empty."""

    name: str
    label: Message
    type: str = "text"
    hint: Message | None = None


PROFILE = (
    Input("name", N_("Name")),
    Input("given_name", N_("Given name")),
    Input("family_name", N_("Family name")),
    Input("picture", N_("Address of a picture"), "url"),
    Input("locale", N_("Language"), hint=N_("As a language tag, such as en or pt-BR.")),
    Input("zoneinfo", N_("Time zone"), hint=N_("As in Europe/Lisbon.")),
)
CLAIMS = (
    Input("middle_name", N_("Middle name")),
    Input("nickname", N_("Nickname")),
    Input("preferred_username", N_("Username")),
    Input("profile", N_("Profile page"), "url"),
    Input("website", N_("Website"), "url"),
    Input("gender", N_("Gender")),
    Input("birthdate", N_("Birthdate"), hint=N_("As in 1990-12-31, or 1990.")),
    Input("phone_number", N_("Phone number"), "tel", N_("As in +1 425 555 1212.")),
)
ADDRESS = (
    Input("address.formatted", N_("Whole address"), "lines"),
    Input("address.street_address", N_("Street address")),
    Input("address.locality", N_("Town or city")),
    Input("address.region", N_("State or region")),
    Input("address.postal_code", N_("Postal code")),
    Input("address.country", N_("Country")),
)
