"""How pages look: files, marks, colours and charts; templates use what is here."""
