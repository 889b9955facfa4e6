"""Identity from elsewhere: connections, and who comes by them."""
