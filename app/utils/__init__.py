"""Pure helpers without app imports."""
