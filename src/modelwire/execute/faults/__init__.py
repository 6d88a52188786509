"""Translation of the drivers' errors into modelwire's."""
