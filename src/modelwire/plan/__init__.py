"""Request and catalog as plans: a hashable shape and the values that go into it. Pure."""

from .answered import tables_answered
from .batches import Batch, read_batch
from .cipher import cipher_of
from .create import plan_bulk_create, plan_child, plan_create
from .delete import DeletePlan, plan_bulk_delete, plan_delete
from .each import Planned, RowPlan, join_planned, plan_each
from .keyed import KeyedRows
from .keys import predicate_values, select_by_key, write_key
from .keyset import CursorPlan, KeysetPlan, Page
from .links import LinkPlan, LinkSet, plan_link
from .mass import MassPlan, plan_mass
from .new_rows import ChildPlan, CreatePlan
from .options import BulkOptions, Resolution, choose_resolution, plan_options
from .query import refuse_parameters
from .read import (
    Counting,
    ListPlan,
    Parent,
    ReadPlan,
    StreamPlan,
    plan_includes,
    plan_key,
    plan_list,
    plan_parent,
    plan_read,
    plan_stream,
    select_next_batch,
)
from .shapes import Include, Projection
from .update import UpdatePlan, plan_bulk_update, plan_change, plan_update, repeat_change
from .upsert import UpsertPlan, plan_upsert

WritePlan = RowPlan | LinkSet
"""What a constraint may refuse."""

__all__ = [
    "Batch",
    "BulkOptions",
    "ChildPlan",
    "Counting",
    "CreatePlan",
    "CursorPlan",
    "DeletePlan",
    "Include",
    "KeyedRows",
    "KeysetPlan",
    "LinkPlan",
    "LinkSet",
    "ListPlan",
    "MassPlan",
    "Page",
    "Parent",
    "Planned",
    "Projection",
    "ReadPlan",
    "Resolution",
    "RowPlan",
    "StreamPlan",
    "UpdatePlan",
    "UpsertPlan",
    "WritePlan",
    "choose_resolution",
    "cipher_of",
    "join_planned",
    "plan_bulk_create",
    "plan_bulk_delete",
    "plan_bulk_update",
    "plan_change",
    "plan_child",
    "plan_create",
    "plan_delete",
    "plan_each",
    "plan_includes",
    "plan_key",
    "plan_link",
    "plan_list",
    "plan_mass",
    "plan_options",
    "plan_parent",
    "plan_read",
    "plan_stream",
    "plan_update",
    "plan_upsert",
    "predicate_values",
    "read_batch",
    "refuse_parameters",
    "repeat_change",
    "select_by_key",
    "select_next_batch",
    "tables_answered",
    "write_key",
]
