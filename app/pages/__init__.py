"""Hosted pages: server-rendered, complete without script.

Second callers of the services that the API calls; a page holds no rule of its own.
"""

from starlette.routing import BaseRoute

from app.pages import (
    api_docs,
    dev_components,
    dev_mailbox,
    errors,
    language,
    static_files,
)
from app.pages.account import (
    accept_invitation,
    confirm_email,
    forgot_password,
    not_me,
    recover_factors,
    resend_verification,
    reset_password,
    setup,
    stop_recovery,
    verify_email,
)
from app.pages.console import assets as console_assets
from app.pages.console import audit as console_audit
from app.pages.console import client_new as console_client_new
from app.pages.console import clients as console_clients
from app.pages.console import groups as console_groups
from app.pages.console import keys as console_keys
from app.pages.console import mails as console_mails
from app.pages.console import outbox as console_outbox
from app.pages.console import overview as console_overview
from app.pages.console import palette as console_palette
from app.pages.console import roles as console_roles
from app.pages.console import settings as console_settings
from app.pages.console import start as console_start
from app.pages.console import user as console_user
from app.pages.console import user_batch as console_user_batch
from app.pages.console import users as console_users
from app.pages.console.programs import hosts as console_hosts
from app.pages.console.programs import resources as console_resources
from app.pages.console.programs import webhooks as console_webhooks
from app.pages.demo import application as demo
from app.pages.look.brand import brand_of
from app.pages.oauth import (
    application_logo,
    authorize,
    consent,
    device,
    logout,
    protected_host,
    select_account,
)
from app.pages.parts import done
from app.pages.parts.refusal import render_error
from app.pages.portal import (
    activity,
    applications,
    connections,
    data,
    email,
    factors,
    overview,
    passkeys,
    password,
    picture,
    profile,
    sessions,
    tokens,
)
from app.pages.sign_in import (
    code,
    home,
    lost_factors,
    passkey,
    signin,
    signout,
    signup,
    switch_account,
    verify,
)
from app.pages.upstream import link, way

__all__ = ["brand_of", "render_error", "routes"]

routes: list[BaseRoute] = [
    route
    for page in (
        home,
        done,
        language,
        api_docs,
        setup,
        signin,
        passkey,
        code,
        way,
        link,
        verify,
        lost_factors,
        signup,
        signout,
        switch_account,
        verify_email,
        resend_verification,
        forgot_password,
        reset_password,
        stop_recovery,
        recover_factors,
        confirm_email,
        accept_invitation,
        not_me,
        logout,
        dev_mailbox,
        dev_components,
        demo,
        authorize,
        select_account,
        consent,
        device,
        application_logo,
        protected_host,
        applications,
        overview,
        activity,
        profile,
        picture,
        email,
        password,
        factors,
        passkeys,
        sessions,
        tokens,
        connections,
        data,
        console_assets,
        console_overview,
        console_start,
        console_palette,
        console_users,
        console_client_new,
        console_clients,
        console_resources,
        console_hosts,
        console_groups,
        console_roles,
        console_audit,
        console_keys,
        console_webhooks,
        console_outbox,
        console_mails,
        console_settings,
        console_user_batch,
        console_user,
        errors,
        static_files,
    )
    for route in page.router.routes
]
