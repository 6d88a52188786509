"""The catalog: tables, fields, relations and constraints, read from SQLModel classes once."""
