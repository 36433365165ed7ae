"""What is kept as text that other programs read: JSON and OPML. Pure."""
