"""`modelwire check`: faults of an application, found in its source and its metadata."""
