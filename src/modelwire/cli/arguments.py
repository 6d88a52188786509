"""Arguments that several commands take."""

from __future__ import annotations

from typing import Annotated

import typer

TargetArgument = Annotated[
    str,
    typer.Argument(
        metavar="TARGET", help="A file or module with an application or tables in it, as for serve."
    ),
]
ApplicationArgument = Annotated[
    str,
    typer.Argument(
        metavar="TARGET", help="A file or module with a FastAPI application in it, as for serve."
    ),
]
UrlOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="sqlite:///file.db or postgresql://user:password@host/name. "
        "Default: MODELWIRE_DATABASE_URL, else sqlite:///modelwire.db.",
    ),
]
