"""What a wheel holds; everything else about the package is in pyproject.toml.

The migrations stand below ``app`` there: beside it they would be a second ``alembic``.
"""

from setuptools import find_namespace_packages, setup

setup(
    packages=[
        *find_namespace_packages(include=["app", "app.*"]),
        "app.migrations",
        "app.migrations.versions",
    ],
    package_dir={"app.migrations": "alembic"},
    package_data={"": ["*"]},
    exclude_package_data={"": ["*.pyc"]},
)
