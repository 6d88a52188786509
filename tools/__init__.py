"""Commands of the Makefile that are more than a line of shell."""
