"""Trackers: what is to be done becomes a ticket where a team keeps its work."""
