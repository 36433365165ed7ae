"""Papers come in: bytes become papers, one pure parser per shape."""
