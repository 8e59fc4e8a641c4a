"""What a person or agent can ask for, one verb a module; everything outside is reached through ports."""
