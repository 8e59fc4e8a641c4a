"""Adapter over the program ``gh``, GitHub's command line."""
