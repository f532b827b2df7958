"""Rounds: decide, plan again, see what each decision costs and whom, and go on from there.

A session is a folder of rounds, each a saved run with a record of what was decided. Rounds are only ever
added; each record holds the hash of the one before it and of its result, and can be replayed.
`decisions` reads what is decided, `record` is what a round leaves, `play` plans and prices, `session`
keeps the folder.
"""
