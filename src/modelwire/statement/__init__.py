"""Shapes as SQL, through SQLAlchemy's expression language; built once per shape."""
