"""Leaves without Watcher nouns: clock, plugins, text, redaction, outgoing HTTP, logs, metrics."""
