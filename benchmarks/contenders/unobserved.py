"""modelwire without what stands around its application: what observing would cost is not there."""

from .modelwire import app

del app.build_middleware_stack

__all__ = ["app"]
