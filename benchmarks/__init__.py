"""The same work done in several ways, side by side: `make bench`."""
