"""Bytes in, events out: one file for each kind of source, found by its name."""
