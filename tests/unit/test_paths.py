"""Paths of requests below a root path."""

import pytest

from modelwire.web import paths


@pytest.mark.parametrize(
    ("root", "raw", "segments"),
    [
        ("/api", b"/api/tags/1", ("tags", "1")),
        ("/api", b"/%61pi/tags/%61", ("tags", "%61")),
        ("/api/v1", b"/api%2Fv1/tags/", ("tags",)),
        ("/api/v1/", b"/api/v1/tags/", ("tags",)),
        ("/api", b"/tags/api/", ("tags", "api")),
        ("/api", b"/apis/tags", ("apis", "tags")),
        ("/api", b"//api/tags", ("", "api", "tags")),
        ("", b"/tags", ("tags",)),
    ],
)
def test_segments(root: str, raw: bytes, segments: tuple[str, ...]) -> None:
    scope = {"raw_path": raw, "path": raw.decode(), "root_path": root}
    assert paths.segments_of(scope) == segments


def test_many_slashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work does not grow with the square of the length of a path that a client chooses."""
    decoded: list[str] = []

    def unquote(text: str) -> str:
        decoded.append(text)
        return text

    monkeypatch.setattr(paths, "unquote", unquote)
    raw = b"/%41" + b"/" * 10_000
    paths.segments_of({"raw_path": raw, "path": raw.decode(), "root_path": "/api/v1"})
    assert len(decoded) <= 2
