"""Protocol endpoints: HTTP in, engine types out."""
