"""What of the hosts and services that others describe we could take over, and what would change."""

from watcher.decide.estate.compare import compare

__all__ = ["compare"]
