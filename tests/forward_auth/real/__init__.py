"""Real proxies in front of a real program, with the settings that the guide has."""
