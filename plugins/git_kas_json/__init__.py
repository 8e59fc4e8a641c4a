"""The plan store in one JSON file, shared by all worktrees of a repository."""
