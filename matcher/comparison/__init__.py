"""What a portfolio comes to, and what moved between two."""
