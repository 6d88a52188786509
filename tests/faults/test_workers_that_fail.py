"""Workers that can't start end the command, which reports it to its parent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import uvicorn.config

MODULE = """
async def app(scope, receive, send):
    raise RuntimeError("it lacks something")


if __name__ == "__main__":
    from modelwire.compat.uvicorn import run_workers

    options = {"port": 0, "workers": 2, "lifespan": "on", "timeout_worker_healthcheck": 10}
    run_workers("failing:app", print, 0, **options)
"""
"""Workers import little, so that none is taken for one that hangs, however slow it is here."""


@pytest.mark.skipif(
    not hasattr(uvicorn.config, "STARTUP_FAILURE"),
    reason="earlier versions of uvicorn start such workers again and again",
)
def test_status(tmp_path: Path) -> None:
    """The status is that of a server without workers."""
    path = tmp_path / "failing.py"
    path.write_text(MODULE)
    ended = subprocess.run(
        [sys.executable, path], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 3, ended.stderr
    assert "it lacks something" in ended.stderr
