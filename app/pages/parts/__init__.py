"""What pages are made of: browsers, forms, texts, and what leads on."""
