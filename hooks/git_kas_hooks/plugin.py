"""Entry point ``hooks``."""
