"""Settings of how often is too often."""

from typing import Literal

from pydantic import Field

from app.setting_groups import Group
from app.setting_types import Rate


class LimitSettings(Group):
    """How often is too often: COUNT/SECONDS, evenly refilled."""

    store: Literal["auto", "memory", "sql", "valkey"] = Field(
        "auto", description="Where attempts are counted; auto: Valkey if named, or SQL."
    )
    sign_in_account: Rate = Field(
        "10/1200",
        description="Wrong passwords per account; then waits double up to SECONDS.",
    )
    sign_in_proven: Rate = Field("1000/86400", description="The same, with work.")
    challenge_bits: int = Field(16, ge=1, le=28, description="Zero bits of the work.")
    challenge_bits_max: int = Field(20, ge=1, le=28, description="Those in a flood.")
    sign_in_address: Rate = Field("60/300", description="Wrong passwords per address.")
    hashing_account: Rate = Field(
        "300/600",
        description="Tenths of a second of work with imported hashes, per account.",
    )
    hashing_address: Rate = Field("600/600", description="The same per address.")
    register_address: Rate = Field("20/3600", description="Registrations per address.")
    code_account: Rate = Field("10/600", description="Typed codes per account.")
    code_address: Rate = Field("60/600", description="Typed codes per address.")
    second_step_account: Rate = Field(
        "10/3600",
        description="Wrong second factors per account; waits as for passwords.",
    )
    second_step_address: Rate = Field(
        "60/600", description="Wrong second factors per address."
    )
    mail_recipient: Rate = Field("5/3600", description="Mails asked for per recipient.")
    mail_address: Rate = Field("30/3600", description="Mails asked for per address.")
    authorize_address: Rate = Field(
        "120/60", description="Applications' sign-in requests per address."
    )
    authorize_stored: Rate = Field(
        "300/60",
        description="Sign-in requests too large for an address, all together.",
    )
    device_address: Rate = Field(
        "60/600", description="Devices that ask for a code, per address."
    )
    device_stored: Rate = Field(
        "600/60", description="Devices that ask for a code, all together."
    )
    client_address: Rate = Field(
        "30/60", description="Failed client authentications per address."
    )
    token_address: Rate = Field(
        "60/600", description="Wrong personal access tokens per address."
    )
    revocation_client: Rate = Field(
        "6000/3600", description="Access tokens revoked alone, per client."
    )
    workload_subject: Rate = Field(
        "600/3600",
        description="Tokens for a person by the assertions of one subject.",
    )
    registration_address: Rate = Field(
        "20/3600", description="Clients that register themselves, per address."
    )
    registration_stored: Rate = Field(
        "600/3600",
        description="Clients that register themselves without an initial access token, "
        "all together.",
    )
    document_address: Rate = Field(
        "30/3600",
        description="Metadata documents of unknown clients fetched, per address.",
    )
    document_all: Rate = Field(
        "120/60",
        description="Metadata documents of unknown clients fetched, all together.",
    )
    refusal_address: Rate = Field(
        "60/3600",
        description="Refused protocol requests kept as evidence, per address.",
    )
    profile_account: Rate = Field("60/600", description="Profile changes per account.")
    export_account: Rate = Field("5/3600", description="Exports per account.")
