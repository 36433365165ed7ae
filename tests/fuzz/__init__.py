"""Bytes that no source should send, for the three parsers: mutations of our own samples, and the slowest known."""
