"""Hosted pages: server-rendered, complete without script.

Second callers of the services that the API calls; a page holds no rule of its own.
"""

from fastapi import APIRouter, FastAPI

from app.pages import (
    accept_invitation,
    api_docs,
    authorize,
    confirm_email,
    consent,
    dev_mailbox,
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
    verify_email,
)
from app.pages.render import render_error

__all__ = ["install", "render_error", "router"]

router = APIRouter(include_in_schema=False)
for _page in (
    home,
    api_docs,
    setup,
    signin,
    signup,
    signout,
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
    errors,
):
    router.include_router(_page.router)


def install(app: FastAPI) -> None:
    """Add the pages to the application."""
    app.include_router(router)
