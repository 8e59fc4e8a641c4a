"""References and history, read by libgit2."""
