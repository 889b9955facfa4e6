"""What operators do: start, keys, health, backup, settings; and the whole process."""
