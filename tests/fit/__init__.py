"""Scripts that fit what the product ships as constants."""
