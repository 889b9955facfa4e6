"""Languages of pages and mails."""
