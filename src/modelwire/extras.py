"""Optional dependencies, and the extras that install them."""

from __future__ import annotations

from importlib.util import find_spec

from .errors import ConfigurationError

_EXTRAS = {
    "alembic": "migrate",
    "backports.zstd": "zstd",
    "openpyxl": "excel",
    "pyarrow": "parquet",
    "typer": "serve",
    "uvicorn": "serve",
    "httptools": "serve",
    "fastapi_offline": "docs",
    "prometheus_client": "metrics",
    "mcp": "mcp",
}
"""Packages that only some services need, each with the extra that installs it."""


def is_installed(package: str) -> bool:
    """Whether a package is installed.

    Args:
        package: The name that it is imported by.
    """
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:
        return False


def require(package: str, purpose: str) -> None:
    """Require an optional package.

    Args:
        package: The name that it is imported by.
        purpose: The feature that needs it, as the beginning of a sentence.

    Raises:
        ConfigurationError: It is not installed; the message says what to install.
    """
    if not is_installed(package):
        raise ConfigurationError(
            f"{purpose} needs the package {package.replace('_', '-')}, which is not installed: "
            f"pip install 'modelwire[{_EXTRAS[package]}]'"
        )
