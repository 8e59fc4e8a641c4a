"""Frozen values and rules: no module in here reads a file, a clock, an environment or a repository."""
