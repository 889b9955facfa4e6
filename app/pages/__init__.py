"""Hosted pages: server-rendered, complete without script.

Second callers of the services that the API calls; a page holds no rule of its own.
"""

from starlette.routing import BaseRoute

from app.core.late.wing import LateWing
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
    second_step,
    signin,
    signout,
    signup,
    switch_account,
)
from app.pages.upstream import directory, expiring, link, signed_out, way

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
        directory,
        signed_out,
        link,
        expiring,
        second_step,
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
        errors,
        static_files,
    )
    for route in page.router.routes
]
routes.append(LateWing("app.pages.operators", "/admin", "/static/console"))
