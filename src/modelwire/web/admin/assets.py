"""The files that the page is made of, as `make admin` has built them from `clients/react-admin`."""

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
    """One file.

    Args:
        path: Where it is.
    """

    path: Path

    @property
    def name(self) -> str:
        """Its name, which has the hash of what is in it."""
        return self.path.name

    @property
    def content_type(self) -> bytes:
        """Its media type."""
        return _TYPES[self.path.suffix]

    @cached_property
    def body(self) -> bytes:
        """What is in it."""
        return self.path.read_bytes()

    @cached_property
    def zipped(self) -> bytes:
        """The same, compressed by gzip."""
        return gzip.compress(self.body, mtime=0)


@dataclass(frozen=True, eq=False)
class Assets:
    """The files, by their names. No others can be asked for.

    Args:
        by_name: The files.
        script: The name of the one that the page starts.
        icon: The name of the icon.
    """

    by_name: Mapping[str, Asset]
    script: str
    icon: str


def read_assets(directory: Path = STATIC) -> Assets:
    """Find the files that the manifest of a build names.

    Args:
        directory: Where the build is.
    """
    manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    by_name = {name: Asset(directory / name) for name in manifest["files"]}
    return Assets(by_name, manifest["script"], manifest["icon"])
