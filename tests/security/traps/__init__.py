"""Traps of the language, the framework and the databases."""
