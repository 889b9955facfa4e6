"""What the drivers of the databases need, so that both behave alike."""
