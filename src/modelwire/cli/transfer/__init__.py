"""Rows in and out of files: what `modelwire export` and `modelwire import` do."""
