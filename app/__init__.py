"""Auth Serve: a self-hosted authentication service and OpenID Connect provider."""

import sys

__version__ = "0.1.0"

# FastAPI looks for models of pydantic's first version behind every annotation, and
# loads that version for it: 24 modules, 1.4 MB at rest. We have none. It asks under
# `except ImportError` (`fastapi._compat.shared`), and this is one. None is how Python
# says that a module cannot be imported; the types of `sys.modules` do not know it.
sys.modules.setdefault("pydantic.v1", None)  # type: ignore[arg-type]
