"""What the workers of one server share beside their port: the files of their metrics."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from ..errors import ConfigurationError

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""By this Prometheus' client knows, when it is imported, that several processes count together."""


@contextmanager
def sharing_metrics(*, wanted: bool) -> Iterator[None]:
    """Have processes that are started in the block count together, in a directory of theirs.

    One that the environment names is left to whoever named it.

    Args:
        wanted: Whether there are several, and somebody reads what they count.

    Raises:
        ConfigurationError: No directory can be made.
    """
    if not wanted or VARIABLE in os.environ:
        yield
        return
    try:
        directory = TemporaryDirectory(prefix="modelwire-metrics-", ignore_cleanup_errors=True)
    except OSError as exc:
        raise ConfigurationError(
            f"Several workers need a directory for their metrics (MODELWIRE_METRICS): {exc}. Name "
            f"one that they may write to by TMPDIR, or an empty one by {VARIABLE}"
        ) from exc
    with directory as path:
        os.environ[VARIABLE] = path
        try:
            yield
        finally:
            del os.environ[VARIABLE]
