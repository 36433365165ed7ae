"""What a channel gets, when, and how it looks. Pure."""
