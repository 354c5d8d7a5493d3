"""Transactions and loops around the decisions; no policy of its own."""
