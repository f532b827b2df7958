"""What a portfolio comes to, how like a real programme it is, and what moved between two."""
