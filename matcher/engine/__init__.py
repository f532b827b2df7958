"""From a scenario to a checked portfolio with its bounds."""
