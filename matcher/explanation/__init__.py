"""Why a portfolio is as it is, why not otherwise, and what it would take.

`account` puts together what `merits` (why a partnership is there), `shortfalls` (why not, and the
`ledger` of smallest changes), `idle` (why an offer is not used), `clocks` and `curves` (by when, and what
more would be worth) find. `comparison` and `tallies` lay portfolios side by side.

Answers are about one State at a time, others keeping what a portfolio gives them: what could be had
without taking from anybody. Each rests on a count, on the checker, or on solving the State's part of the
model again under a change of the scenario; none on a guess. Data come first; their words are in
`matcher.reporting`.
"""
