"""The command line: `modelwire serve TARGET`."""
