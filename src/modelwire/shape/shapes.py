"""Every kind of shape."""

from .lookups import DescendShape, FindShape
from .reads import CountShape, GivenShape, RelatedShape, SelectShape
from .writes import CheckShape, DeleteShape, InsertShape, LinkShape, UnlinkShape, UpdateShape

Shape = (
    SelectShape
    | CountShape
    | RelatedShape
    | InsertShape
    | GivenShape
    | UpdateShape
    | LinkShape
    | UnlinkShape
    | DeleteShape
    | FindShape
    | DescendShape
    | CheckShape
)
