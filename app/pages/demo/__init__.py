"""``/demo``: an application that signs people in here, for whoever tries this out."""
