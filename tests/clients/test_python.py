"""Clients in Python: they are generated, type-check, and ask what the page says."""

from pathlib import Path

from .page import SERVER, read_printed, read_sections
from .tools import generate, require_java, run

USE = Path(__file__).with_name("use_openapi_python_client.py")

WRONG = """
{imports}

{filters}(id{op}in=["x"])  # type: ignore[list-item]
{filters}(id{op}icontains="x")  # type: ignore[call-arg]
{filters}(id{op}in=[1], name{op}icontains="x")
"""
"""Uses of a client's filters: mypy says where a mark of what is wrong is not needed."""


def test_client_by_openapi_python_client(tmp_path: Path, league_url: str, zoo_url: str) -> None:
    """It is generated without a warning, is sound in mypy's strict mode, and works."""
    for name, url in (("league", league_url), ("zoo", zoo_url)):
        _generate("openapi-python-client", tmp_path / name, url)
    league = tmp_path / "league"
    (league / "use_client.py").write_text(USE.read_text())
    filters = "ListPlayersPlayerFilters"
    wrong = WRONG.format(imports=f"from league.models import {filters}", filters=filters, op="_")
    (league / "wrong.py").write_text(wrong)
    run("mypy --strict league ask.py use_client.py wrong.py", league)
    run("mypy --strict league", tmp_path / "zoo")
    assert run("python ask.py", league).strip() == read_printed()
    run(f"python use_client.py {league_url}", league)


def test_client_by_openapi_generator(tmp_path: Path, league_url: str, zoo_url: str) -> None:
    """It is generated without a warning, is as sound as its own settings ask, and works.

    What it generates is not sound in mypy's strict mode; what uses it is.
    """
    require_java()
    for name, url in (("league", league_url), ("zoo", zoo_url)):
        _generate("openapi-generator, Python", tmp_path / name, url)
        run("mypy --config-file client/pyproject.toml -p league_client", tmp_path / name)
    league = tmp_path / "league"
    imports = "from league_client import PlayerFilters"
    wrong = WRONG.format(imports=imports, filters="PlayerFilters", op="__")
    (league / "wrong.py").write_text(wrong)
    run("mypy --strict ask.py wrong.py", league)
    assert run("python ask.py", league).strip() == read_printed()


def _generate(name: str, directory: Path, url: str) -> None:
    section = read_sections()[name]
    section.write(directory, url)
    (command,) = section.commands
    generate(command.replace(SERVER, url), directory)
