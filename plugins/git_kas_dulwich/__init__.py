"""References and history, read by dulwich: Git in Python, independent of Git and of libgit2."""
