"""From index arrays to linear models: one module per formulation, numpy only."""
