"""`modelwire policies`: what every caller may do, as text and as JSON."""

import json
from pathlib import Path

from typer.testing import CliRunner

from modelwire.cli.main import main

SOURCE = """
from fastapi import FastAPI
from modelwire import Caller, Database, Policy, Resource, everyone, mount
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

class Asker(SQLModel):
    id: int

def read_asker() -> Asker:
    return Asker(id=1)

class Base(SQLModel, registry=registry()):
    pass

class PolicyCountry(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)

app = FastAPI()
caller = Caller(read_asker)
mount(
    app,
    Database("sqlite://"),
    Resource(PolicyCountry, policy=Policy(read=everyone)),
    caller=caller,
)
"""


def test_policies(tmp_path: Path) -> None:
    """One line for each operation of each resource; the same as JSON."""
    file = tmp_path / "countries_with_policies.py"
    file.write_text(SOURCE)
    shown = CliRunner().invoke(main, ["policies", str(file)])
    operations = ("read", "create", "update", "delete")
    assert shown.stdout.splitlines() == [f"PolicyCountry  {o}  everyone" for o in operations]
    other = tmp_path / "countries_with_other_policies.py"
    other.write_text(SOURCE.replace("PolicyCountry", "PolicyState"))
    found = CliRunner().invoke(main, ["policies", f"{other}:app", "--json"])
    assert json.loads(found.stdout)[0] == {
        "resource": "PolicyState",
        "operation": "read",
        "field": "",
        "condition": "everyone",
    }
    missing = CliRunner().invoke(main, ["policies", str(tmp_path / "none.py")])
    assert missing.exit_code == 2
    assert "no file" in missing.output
