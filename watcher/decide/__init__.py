"""The verbs of Watcher: pure policy. No I/O, no clock; every decision returns its reason."""
