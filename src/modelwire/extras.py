"""What is not installed with modelwire itself, and how to install it."""

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
"""The packages that only some services need, and the extra that has each."""


def is_installed(package: str) -> bool:
    """Whether a package can be imported.

    Args:
        package: The name that it is imported by.
    """
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:
        return False


def require(package: str, purpose: str) -> None:
    """Refuse what a package is needed for, if that is not installed.

    Args:
        package: The name that it is imported by.
        purpose: What needs it, as the beginning of a sentence.

    Raises:
        ConfigurationError: It is not; says what to install.
    """
    if not is_installed(package):
        raise ConfigurationError(
            f"{purpose} needs the package {package.replace('_', '-')}, which is not installed: "
            f"pip install 'modelwire[{_EXTRAS[package]}]'"
        )
