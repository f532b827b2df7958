"""Benchmarks: calibrated instances, other people's ways to solve them, and what each costs."""
