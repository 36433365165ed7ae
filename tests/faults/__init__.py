"""What happens to a digest when Discord, the network or the process fails."""
