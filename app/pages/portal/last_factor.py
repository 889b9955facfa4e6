"""Removing the last second factor: asked once more, for the password is left alone."""

from app.pages.parts.form import Values
from app.pages.portal.section import Here
from app.services.factors.factor import FactorService


async def is_last(here: Here, values: Values) -> bool:
    """Tell whether to ask once more, before the account has no second factor."""
    if values.get("sure") == "yes":
        return False
    async with here.runtime.unit_of_work(read_only=True) as uow:
        found = await FactorService(uow, here.runtime).list_all(here.account.user_id)
    return len(found.passkeys) + bool(found.totp) == 1
