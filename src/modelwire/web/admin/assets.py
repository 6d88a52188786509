"""Static files of the page, as built by `make admin` from `clients/react-admin`."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

STATIC = Path(__file__).with_name("static")
MANIFEST = "manifest.json"

_TYPES: Mapping[str, bytes] = {
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
    ".txt": b"text/plain; charset=utf-8",
}


@dataclass(frozen=True, eq=False)
class Asset:
    """Static file.

    Args:
        path: Its path on disk.
    """

    path: Path

    @property
    def name(self) -> str:
        """Name of the file, which contains a hash of its content."""
        return self.path.name

    @property
    def content_type(self) -> bytes:
        """Media type of the file."""
        return _TYPES[self.path.suffix]

    @cached_property
    def body(self) -> bytes:
        """Content of the file."""
        return self.path.read_bytes()

    @cached_property
    def zipped(self) -> bytes:
        """Content of the file, compressed by gzip."""
        return gzip.compress(self.body, mtime=0)


@dataclass(frozen=True, eq=False)
class Assets:
    """Static files by name; no other file can be requested.

    Args:
        by_name: The files.
        script: The name of the entry script.
        icon: The name of the icon.
    """

    by_name: Mapping[str, Asset]
    script: str
    icon: str


def read_assets(directory: Path = STATIC) -> Assets:
    """Read the files that the manifest of a build names.

    Args:
        directory: The directory of the build.
    """
    manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    by_name = {name: Asset(directory / name) for name in manifest["files"]}
    return Assets(by_name, manifest["script"], manifest["icon"])
