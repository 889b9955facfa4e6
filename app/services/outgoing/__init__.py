"""Events on their way out of this service: webhooks, streams and exports."""
