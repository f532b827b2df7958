"""Results and scenarios for people: text for a terminal, a paper for a meeting, draft agreements.

`words` and the tables of `languages` hold every sentence, the other modules lay out.
"""
