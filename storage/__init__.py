"""Paperboy remembers here: all SQL, one file."""
