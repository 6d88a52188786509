"""Trial of a wheel: install it in a fresh environment, serve the example, and create a row."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

STARTS_S = 30.0
"""Seconds within which the server has to answer."""

EXAMPLE = Path("examples/league.py").resolve()
FILES = (
    "modelwire/.agents/skills/modelwire/SKILL.md",
    "modelwire/web/admin/static/manifest.json",
)
"""Files that are no modules, and have to be included."""


def install(place: Path, wheel: Path) -> Path:
    """Install the wheel with the requirements of serving, in tested versions.

    Return the folder of its commands.
    """
    venv.create(place, with_pip=True)
    commands = place / "bin"
    python, pins = str(commands / "python"), str(Path("requirements.txt").resolve())
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", pins]
    subprocess.run([*pip, f"{wheel.resolve()}[serve]"], check=True)  # noqa: S603
    return commands


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def create_user(address: str) -> dict[str, object]:
    """Create a row, as soon as the server answers."""
    body = json.dumps({"username": "ann", "email": "ann@example.com"}).encode()
    request = Request(f"{address}/users/", body, {"content-type": "application/json"})  # noqa: S310
    deadline_s = time.monotonic() + STARTS_S
    while True:
        try:
            with urlopen(request, timeout=5) as answer:  # noqa: S310 - it is on this machine
                found: dict[str, object] = json.load(answer)
                return found
        except URLError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.2)


def main() -> None:
    """Test the one wheel in dist/."""
    (wheel,) = Path("dist").glob("*.whl")
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        command, port = str(install(place / "venv", wheel) / "modelwire"), free_port()
        for file in FILES:
            if not any((place / "venv").rglob(file)):
                sys.exit(f"{wheel.name} has no {file}")
        environment = {**os.environ, "MODELWIRE_DATABASE_URL": f"sqlite:///{place}/league.db"}
        arguments = [command, "serve", str(EXAMPLE), "--port", str(port)]
        server = subprocess.Popen(arguments, cwd=place, env=environment)  # noqa: S603
        try:
            user = create_user(f"http://127.0.0.1:{port}")
        finally:
            server.terminate()
            server.wait(20)
    if user.get("username") != "ann":
        sys.exit(f"{wheel.name} answers {user}")
    print(f"{wheel.name} installs, serves, and has created {user}")  # noqa: T201 - the outcome


if __name__ == "__main__":
    main()
