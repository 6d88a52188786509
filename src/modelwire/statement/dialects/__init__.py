"""The databases that statements are written for."""
