"""The checked applications are no tests, whatever their names."""

collect_ignore_glob = ["apps/*"]
