"""Request and catalog as plans: a hashable shape and the values that go into it. Pure."""

from .keys import predicate_values, select_by_key, write_key
from .query import refuse_parameters
from .read import (
    ListPlan,
    ReadPlan,
    StreamPlan,
    plan_includes,
    plan_list,
    plan_read,
    plan_stream,
    select_next_batch,
)
from .shapes import Include
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
    "CreatePlan",
    "DeletePlan",
    "Include",
    "ListPlan",
    "ReadPlan",
    "StreamPlan",
    "UpdatePlan",
    "WritePlan",
    "plan_bulk_create",
    "plan_create",
    "plan_delete",
    "plan_includes",
    "plan_list",
    "plan_read",
    "plan_stream",
    "plan_update",
    "predicate_values",
    "refuse_parameters",
    "select_by_key",
    "select_next_batch",
    "write_key",
]
