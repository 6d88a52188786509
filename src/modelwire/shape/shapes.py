"""The union of all shapes."""

from .aggregates import AggregateShape
from .entries import EntriesShape, ThenShape
from .lookups import DescendShape, LookupShape
from .reads import ChildrenShape, CountShape, ExistingShape, GatheredShape, SelectShape
from .writes import CheckShape, DeleteShape, InsertShape, LinkShape, UnlinkShape, UpdateShape

Shape = (
    SelectShape
    | GatheredShape
    | CountShape
    | AggregateShape
    | ChildrenShape
    | InsertShape
    | ExistingShape
    | UpdateShape
    | LinkShape
    | UnlinkShape
    | DeleteShape
    | LookupShape
    | DescendShape
    | CheckShape
    | EntriesShape
    | ThenShape
)
