"""Requests from end to end: parse, plan, statement, execute, encode, respond."""

from .bulk import Bulk
from .mass import Mass
from .reads import STREAM_BATCH, Reads
from .writes import Writes


class Pipeline(Reads, Writes, Bulk, Mass):
    """Turns the requests to an application's resources into answers.

    Args:
        catalog: The resources.
        database: Where their rows are.
        conflict_status: The status where a unique value is taken or a parent is missing; 400 by
            default.
    """


__all__ = ["STREAM_BATCH", "Pipeline"]
