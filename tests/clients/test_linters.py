"""Linters of OpenAPI documents say nothing, beside what their settings name a reason for."""

import json
from pathlib import Path

from examples import league
from modelwire import Database
from tests.conftest import ZOO, make_app

from .tools import require_node, run

HERE = Path(__file__).parent


def test_redocly(tmp_path: Path) -> None:
    require_node()
    printed = run(f"npx redocly lint --config {HERE}/redocly.yaml {write(tmp_path)}", tmp_path)
    assert "warning" not in printed.partition("validating")[2], printed
    assert printed.count("validated in") == 2, printed


def test_spectral(tmp_path: Path) -> None:
    require_node()
    options = f"-r {HERE}/spectral.yaml --fail-severity hint"
    run(f"npx spectral lint {options} {write(tmp_path)}", tmp_path)


def write(directory: Path) -> str:
    """Write the documents of the example and of harder tables; returns their names."""
    zoo = make_app(Database("sqlite://"), "direct", ZOO, {})
    for name, app in (("league.json", league.app), ("zoo.json", zoo)):
        (directory / name).write_text(json.dumps(app.openapi()))
    return "league.json zoo.json"
