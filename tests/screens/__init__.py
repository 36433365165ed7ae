"""Every message that Paperboy sends, played in the simulated Discord, and its pictures in docs/screens."""
