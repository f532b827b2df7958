"""A scenario looked over before it is solved: what it holds, what is odd about it, and figures in the wrong unit.

Codes and data only; `matcher.reporting.screened` puts them into words.
"""
