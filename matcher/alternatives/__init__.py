"""Near-optimal alternatives to a portfolio: which partnerships all of them have, and which can be chosen otherwise.

The best portfolio is seldom the only good one. Within a small tolerance of its figures there are many,
and whoever decides may prefer another for reasons that no figure holds. `find_alternatives` looks for
some that are as different as possible and counts which pairs of partners they share.

What it says of pairs in all of them rests on a proof where it says so (`findings.Needed`); that a pair
is in none proves nothing.

References: Brill, Chang and Hopkins (1982), Modeling to generate alternatives: the HSJ approach and an
illustration using a problem in land use planning, Management Science 28(3). DeCarolis (2011), Using
modeling to generate alternatives (MGA) to expand our thinking on energy futures, Energy Economics 33(2).
"""
