"""Fields that expressions compute."""
