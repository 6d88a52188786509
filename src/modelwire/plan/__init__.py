"""Request and catalog as plans: a hashable shape and the values that go into it. Pure."""

from .keys import predicate_values, select_by_key, write_key
from .keyset import KeysetPlan, Page
from .query import refuse_parameters
from .read import (
    Counting,
    ListPlan,
    Parent,
    ReadPlan,
    StreamPlan,
    plan_includes,
    plan_list,
    plan_parent,
    plan_read,
    plan_stream,
    select_next_batch,
)
from .shapes import Include, Projection, positions_of
from .write import (
    CreatePlan,
    DeletePlan,
    UpdatePlan,
    WritePlan,
    plan_bulk_create,
    plan_create,
    plan_delete,
    plan_update,
)

__all__ = [
    "Counting",
    "CreatePlan",
    "DeletePlan",
    "Include",
    "KeysetPlan",
    "ListPlan",
    "Page",
    "Parent",
    "Projection",
    "ReadPlan",
    "StreamPlan",
    "UpdatePlan",
    "WritePlan",
    "plan_bulk_create",
    "plan_create",
    "plan_delete",
    "plan_includes",
    "plan_list",
    "plan_parent",
    "plan_read",
    "plan_stream",
    "plan_update",
    "positions_of",
    "predicate_values",
    "refuse_parameters",
    "select_by_key",
    "select_next_batch",
    "write_key",
]
