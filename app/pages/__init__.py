"""Hosted pages: server-rendered, complete without script.

Second callers of the services that the API calls; a page holds no rule of its own.
"""

from starlette.routing import BaseRoute

from app.pages import (
    accept_invitation,
    api_docs,
    application_logo,
    applications,
    authorize,
    confirm_email,
    consent,
    dev_mailbox,
    done,
    errors,
    forgot_password,
    home,
    logout,
    resend_verification,
    reset_password,
    select_account,
    setup,
    signin,
    signout,
    signup,
    switch_account,
    verify_email,
)
from app.pages.refusal import render_error

__all__ = ["render_error", "routes"]

routes: list[BaseRoute] = [
    route
    for page in (
        home,
        done,
        api_docs,
        setup,
        signin,
        signup,
        signout,
        switch_account,
        verify_email,
        resend_verification,
        forgot_password,
        reset_password,
        confirm_email,
        accept_invitation,
        logout,
        dev_mailbox,
        authorize,
        select_account,
        consent,
        application_logo,
        applications,
        errors,
    )
    for route in page.router.routes
]
