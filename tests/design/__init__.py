"""Tests of the design system: what every page is made of."""
