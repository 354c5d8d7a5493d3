"""Runbooks in, evidence out: read-only commands over SSH."""
