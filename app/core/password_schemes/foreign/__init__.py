"""What other products write, as one string that a scheme of the list can verify.

A form is a row in one of the modules here; ``docs/imports.md`` is made from them.
"""

from app.core.password_schemes.foreign import application, directory, framework
from app.core.password_schemes.foreign.form import Form
from app.core.password_schemes.foreign.unknown import name_of

__all__ = ["FORMS", "Form", "name_of", "unwrap"]

FORMS: tuple[Form, ...] = (*framework.FORMS, *directory.FORMS, *application.FORMS)


def unwrap(hashed: str) -> tuple[str, str] | None:
    """Convert a hash of a product's own form.

    Returns:
        What is stored, and the reading that goes with it (may be empty); None where no
        form is met.

    Raises:
        ValueError: A form is met, and what stands in it is malformed or too costly.
    """
    for each in FORMS:
        match = each.pattern.fullmatch(hashed)
        if match is not None:
            return each.convert(match), each.reading
    return None
