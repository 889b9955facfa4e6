"""The secret key, while another one takes its place."""
