"""The assignment formulation: what the product's own is measured and tested against."""
