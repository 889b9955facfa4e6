"""Statements about what applications were granted, and devices that ask for it."""
