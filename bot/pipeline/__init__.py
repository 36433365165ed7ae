"""The story of Paperboy: papers come in (`ingest`), a digest is drafted (`draft`) and goes out (`deliver`),
questions are answered (`ask`).

Owns: joining decisions with I/O; no other modules do both. Refuses: SQL, Discord, the clock (every `now` is
an argument).
"""
