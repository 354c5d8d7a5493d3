"""Messages to people: one file for each kind of channel, found by its name."""
