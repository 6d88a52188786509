"""Build of the site, or a server of it that follows edits."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from .pages import ROOT, BrokenLink
from .staging import stage

PLACE = ROOT / ".docs"
WATCHED = ("docs", "examples", "tools/site", "src/modelwire")


def build(place: Path, zensical: str) -> int:
    """Write the pages into a folder, and the site into `site` beside them.

    Returns:
        The exit status: 1 for a broken link, or any other warning.
    """
    stage(place)
    status = subprocess.call([zensical, "build", "--strict", "--clean", "-f", _config(place)])  # noqa: S603
    if status == 0:
        print(f"The site is in {place / 'site'}")  # noqa: T201 - where to look
    return status


def serve(place: Path, zensical: str, address: str) -> None:
    """Serve the site until it is interrupted, rebuilding pages as they are edited."""
    from watchfiles import watch  # noqa: PLC0415 - only needed here

    stage(place)
    command = [zensical, "serve", "-f", _config(place), "-a", address]
    with subprocess.Popen(command) as server:  # noqa: S603
        try:
            for _ in watch(*(ROOT / name for name in WATCHED), raise_interrupt=False):
                _stage_what_can_be(place)
        finally:
            server.terminate()


def _stage_what_can_be(place: Path) -> None:
    """Write the pages, unless a link is broken because it is still being typed."""
    try:
        stage(place)
    except BrokenLink as exc:
        print(exc)  # noqa: T201 - for the editor


def _config(place: Path) -> str:
    return str(place / "zensical.toml")


def main() -> None:
    """Build or serve, by the command line."""
    parser = argparse.ArgumentParser("python -m tools.site", description=__doc__)
    parser.add_argument("what", choices=("stage", "build", "serve"))
    parser.add_argument("--place", type=Path, default=PLACE, help="the folder that is written")
    parser.add_argument("--zensical", default=str(PLACE / "venv" / "bin" / "zensical"))
    parser.add_argument("--address", default="127.0.0.1:8001")
    given = parser.parse_args()
    if not Path(given.zensical).is_file():
        sys.exit(f"{given.zensical} is not there: make .docs/.installed installs it")
    try:
        if given.what == "serve":
            serve(given.place, given.zensical, given.address)
        elif given.what == "stage":
            stage(given.place)
        else:
            sys.exit(build(given.place, given.zensical))
    except BrokenLink as exc:
        sys.exit(str(exc))


if __name__ == "__main__":
    main()
