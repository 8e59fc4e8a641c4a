"""Processes of this program itself: started, disturbed and ended."""
