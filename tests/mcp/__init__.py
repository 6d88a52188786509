"""Agents: the tools, by the client of the official SDK."""

from importlib.metadata import version

import pytest

if [int(part) for part in version("pydantic").split(".")[:2]] < [2, 12]:
    pytest.skip("the SDK needs Pydantic 2.12", allow_module_level=True)
