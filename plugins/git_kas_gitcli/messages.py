"""What Git says when it fails."""


def first_line(errors: str) -> str:
    """The line of an error output that says what went wrong, as a clause; not a warning or trace before it."""
    lines = errors.strip().split("\n")
    line = next((line for line in lines if line.startswith(("fatal: ", "error: "))), lines[0])
    return line.removeprefix("fatal: ").removeprefix("error: ").rstrip(".") or "it gave no reason"
