"""Every message that Paperboy sends, played in the simulated Discord and pictured in docs/screens (`make screens`)."""
