"""A run on disk: what is saved of a solve, how it is read again, and whether what it says is true.

`files` says what a run's folder and a bundle hold, `reading` reads them again, `restating` writes a run
again from its own result, and `verifying` puts that together with the independent checker. Nothing here
writes to a terminal: what is to be said is returned, raised, or handed to who asked.
"""
