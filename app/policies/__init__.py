"""Pure rules: who may do what to whom, or why not."""
