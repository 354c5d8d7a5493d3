"""Runbooks in, evidence out: read-only commands over SSH."""

from watcher.diagnostics.run import Job, diagnose

__all__ = ["Job", "diagnose"]
