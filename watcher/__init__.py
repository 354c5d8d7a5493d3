"""Watcher: one prioritised, diagnosed incident before the first user calls."""
