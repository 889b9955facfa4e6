"""How keys are kept, and what is sealed by them is found."""
