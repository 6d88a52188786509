"""What the Makefile runs that is more than a line of shell."""
