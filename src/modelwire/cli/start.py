"""Entry point of `modelwire`, which checks for the packages that it needs."""

from __future__ import annotations

import sys

from ..errors import ConfigurationError
from ..extras import require
from .loading import loading


def main() -> None:
    """Run the command, or say what to install if packages are missing."""
    try:
        for package in ("typer", "uvicorn", "httptools"):
            require(package, "The command modelwire")
    except ConfigurationError as exc:
        sys.exit(f"modelwire: {exc}")
    with loading():
        from .main import main as run  # noqa: PLC0415 - it imports these

    run()
