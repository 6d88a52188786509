"""What is checked here is no test, whatever its name."""

collect_ignore_glob = ["apps/*"]
