"""The verbs of Watcher: pure policy. No I/O, no clock, no log; every decision returns its reason."""
