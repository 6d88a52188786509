"""Build of the documentation as a site: `make docs`."""
