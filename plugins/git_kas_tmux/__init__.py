"""Adapter over the program ``tmux``."""
