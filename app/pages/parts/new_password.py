"""Forms in which a password is chosen: every mistake in them is told at once."""

from app.core.exceptions import FieldError
from app.pages.parts.form import Model, Values, validated
from app.services.accounts.password import PasswordService
from app.services.server.runtime import Runtime


def validated_with_password(
    model: type[Model], values: Values, runtime: Runtime
) -> Model:
    """Return the fields as a schema, if the password in them would be accepted too.

    Raises:
        Unprocessable: The fields at fault are named, their values are not.
    """
    return validated(model, values, _problems(values, runtime))


def _problems(values: Values, runtime: Runtime) -> list[FieldError]:
    password = values.get("password", "")
    if not password:
        return []  # the schema misses it
    context = (values.get("email"), values.get("name"))
    problem = PasswordService(runtime).problem(password, context=context)
    return problem.errors if problem else []
