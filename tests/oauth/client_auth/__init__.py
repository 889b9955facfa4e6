"""Each way in which a client proves who it is."""
