"""The nouns of Watcher: frozen dataclasses and enums, without behaviour that touches the world."""
