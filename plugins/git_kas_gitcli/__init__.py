"""Adapters over the git program: the one place that starts Git."""
