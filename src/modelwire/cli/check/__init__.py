"""`modelwire check`: what is wrong with an application, found in its source and its metadata."""
