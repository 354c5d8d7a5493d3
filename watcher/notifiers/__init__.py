"""Messages to people: one file for each kind of channel, found by its name."""

from watcher.notifiers._compose import Briefing, compose
from watcher.notifiers._problem import OF_PROBLEMS
from watcher.notifiers.base import Message, Outlet

__all__ = ["OF_PROBLEMS", "Briefing", "Message", "Outlet", "compose"]
