"""Git's hooks through which the guard works: the shell scripts, and what puts them in place."""
