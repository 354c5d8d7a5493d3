"""Messages to people: one file for each kind of channel, found by its name."""

from watcher.notifiers._compose import Briefing, compose
from watcher.notifiers.base import Message, Outlet

__all__ = ["Briefing", "Message", "Outlet", "compose"]
