"""What the service does per second and core: ``make bench``."""
