"""The real bot, killed at every step and started again: nothing is lost, doubled or half written."""
