"""Transfer of rows to and from files: `modelwire export` and `modelwire import`."""
