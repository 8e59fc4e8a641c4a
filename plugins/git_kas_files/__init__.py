"""Adapters over plain files: Git's administrative folders, plan texts, throw-away folders."""
