"""What functions do, found out from their text and from the objects that its names stand for."""
