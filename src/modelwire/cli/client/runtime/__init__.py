"""The parts of generated clients that are the same whatever the application: they are copied."""
