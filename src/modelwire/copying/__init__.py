"""Copies the rows of an application from one database to another: `modelwire copy`."""
