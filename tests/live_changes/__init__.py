"""Following what changes: the order, the feed, the routes, and work after the commit."""
