"""Figures that were probably written in another unit: found, told, and never changed."""

from matcher.screening.unit_slips.judging import Slip, find_slips

__all__ = ["Slip", "find_slips"]
