"""Second factors: one file each, and here the list of what there is."""

from app.factors.base import Factor

FACTORS: tuple[Factor, ...] = ()
