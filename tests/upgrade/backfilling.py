"""The command line of a release with two more migrations, which stand in a folder."""

import os
from pathlib import Path

from app.repositories import schema

schema.MIGRATIONS = Path(os.environ["MORE_MIGRATIONS"])
schema.SCHEMA_REVISION = "0901"

from app.cli.__main__ import main  # noqa: E402  (what it imports takes both from there)

main()
