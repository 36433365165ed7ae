"""What we think of papers: identity, queries, heat, summaries. Pure."""
