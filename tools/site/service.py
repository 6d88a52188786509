"""The `/docs` page of a service, as static files: that of the example, without a server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import fastapi_offline

from examples import league
from modelwire.cli.inside import Inside
from modelwire.errors import ConfigurationError
from modelwire.web.docs import ASSETS
from modelwire.web.service import find_service

_ASSETS = Path(fastapi_offline.__file__).parent / "static"

_PAGE = """# A service's own page

This is `/docs` of [the example](../source/examples/league-py.md): every operation with its
parameters, bodies, answers and errors, written from the models. Where the service runs, the page
also sends requests; it needs no internet there either. [Open it by itself](../service/index.html).

<iframe class="service" src="../../service/index.html" title="Swagger UI of the example"></iframe>
"""


def render_service() -> dict[str, bytes]:
    """Write the page with all that it loads, and the page of the site that embeds it."""
    league.app.swagger_ui_parameters = {"supportedSubmitMethods": []}
    page, document = asyncio.run(_ask("/docs", "/openapi.json"))
    html = page.decode().replace(f"{ASSETS}/", "").replace("'/openapi.json'", "'openapi.json'")
    assets = ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png")
    return {
        "reference/service.md": _PAGE.encode(),
        "service/index.html": html.encode(),
        "service/openapi.json": document,
        **{f"service/{name}": (_ASSETS / name).read_bytes() for name in assets},
    }


async def _ask(*paths: str) -> list[bytes]:
    service = find_service(league.app)
    if service is None:
        raise ConfigurationError("The example has no resources")
    inside = Inside(league.app, service, ())
    return [(await inside.ask("GET", path)).body for path in paths]
