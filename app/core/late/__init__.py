"""What is made when it is first used and not at start, or left out altogether."""
