"""Results and scenarios for people: text for a terminal, a paper for a meeting, draft agreements.

`facts` and `overview` say what there is, `words` holds every sentence, the other modules lay out.
"""
