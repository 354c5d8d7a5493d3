"""What a newcomer sees: a sample outage, and a host to diagnose that is gone with the process."""
