"""Paperboy decides and runs here, without Discord and without SQL."""

__version__ = "0.1.0"
