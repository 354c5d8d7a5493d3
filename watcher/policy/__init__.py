"""Loads and checks rules, runbooks, catalogue and inventory: YAML in, model nouns out."""
