"""The rules of the model as linear rows: the mathematics stands here, once."""
