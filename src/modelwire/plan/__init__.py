"""Request and catalog as plans: a hashable shape and the values that go into it. Pure."""
