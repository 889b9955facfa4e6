"""``/admin``: the console of operators, over the services that the API calls."""
