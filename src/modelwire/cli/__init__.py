"""The command line: `modelwire COMMAND`."""
