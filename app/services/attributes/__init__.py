"""What operators want to know of people: definitions, and values judged by them."""
