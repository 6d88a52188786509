"""All dialects."""

from __future__ import annotations

from collections.abc import Mapping

from ..dialect import SQLDialect
from .postgresql import POSTGRESQL
from .sqlite import SQLITE

DIALECTS: Mapping[str, SQLDialect] = {dialect.name: dialect for dialect in (POSTGRESQL, SQLITE)}
"""The dialects, by SQLAlchemy's names."""
