"""Private parts of libraries, and differences between their versions.

Each module is about one library; a library may have several modules.

No other module names a part of a library that its documentation doesn't: an attribute with an
underscore, an undescribed module or name, the text of an error. Each has its reason here, and the
versions that it was tried with. `tests/compat` has a canary for each, which fails with the name of
what has moved; `tests/compat/test_fence.py` finds those named elsewhere.
"""
