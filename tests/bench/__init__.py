"""Benchmarks: ratios against a named alternative in the same run, never asserted by the tests."""
