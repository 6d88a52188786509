"""What exists: tables, fields, relations and constraints, read from SQLModel once."""
