"""Paperboy speaks Discord here: the only discord.py."""
