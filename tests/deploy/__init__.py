"""Files of deploy/, by the programs that read them: ``make deploy-check``."""
