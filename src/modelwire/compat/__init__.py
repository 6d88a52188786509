"""What is private to the libraries below, or differs between their versions, one module for each.

No other module names a part of a library that its documentation doesn't: an attribute with an
underscore, a module or a name that is nowhere described, the text of an error. Here each has its
reason, and the versions that it was tried with. `tests/compat` has a canary for each, which fails
with the name of what has moved; `tests/compat/test_fence.py` finds those named elsewhere.
"""
