"""Work after the commit: whoever works through the changes one after another."""
