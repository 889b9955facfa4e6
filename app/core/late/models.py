"""Import FastAPI without building its models of documents, which few processes need.

Imported before FastAPI is, it saves a megabyte and a thirtieth of a second at start.
Models of ours are told by their own configuration (`app.schemas.base`).
"""

from importlib import import_module

from pydantic import BaseModel

# The default of all models, for as long as this one import takes.
BaseModel.model_config["defer_build"] = True
try:
    import_module("fastapi.openapi.models")
finally:
    del BaseModel.model_config["defer_build"]
