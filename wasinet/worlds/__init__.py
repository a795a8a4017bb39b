"""Worlds: the names and shapes of one generation of the API over the engine; no socket logic."""
