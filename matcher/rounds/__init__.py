"""Rounds: decide, plan again, see what each decision costs and whom, and go on from there.

A session is a folder of rounds, each a saved run with a record of what was decided. Rounds are only ever
added; each record holds the hash of the one before it and of its result, and can be replayed.
`decisions` reads what is decided, `record` is what a round leaves, `play` plans and prices, `session`
keeps the folder.
"""

from matcher.rounds.decisions import Decision, Kind, Wish, decided
from matcher.rounds.play import Played, Solver, play, price
from matcher.rounds.record import Mode, Price, Record, Standing
from matcher.rounds.session import Session, replay

__all__ = [
    "Decision",
    "Kind",
    "Mode",
    "Played",
    "Price",
    "Record",
    "Session",
    "Solver",
    "Standing",
    "Wish",
    "decided",
    "play",
    "price",
    "replay",
]
