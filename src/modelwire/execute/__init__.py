"""Database, sessions, transactions: the only I/O."""
