"""Several processes behind one port: ``server start --workers`` (ADR-0096).

``supervisor`` keeps them going, ends who hangs, and imports nothing large; ``nursery``
imports the application once for each batch of workers, forks them and goes;
``worker`` serves.
"""
