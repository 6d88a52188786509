"""Parts of generated clients that are the same for all applications, copied as they are."""
