"""OUTPUT: flows, engagements, partnerships, results."""
