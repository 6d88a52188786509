"""Requests from end to end: parse, plan, statement, execute, encode, respond."""

from .bulk import Bulk
from .reads import STREAM_BATCH, Reads
from .writes import Writes


class Pipeline(Reads, Writes, Bulk):
    """Turns the requests to an application's resources into answers.

    Args:
        catalog: The resources.
        database: Where their rows are.
    """


__all__ = ["STREAM_BATCH", "Pipeline"]
