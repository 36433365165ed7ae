"""What is fitted to data, and how: each module writes a table that the product ships."""
