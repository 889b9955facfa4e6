"""Pictures that people upload."""
