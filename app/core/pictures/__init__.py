"""Pictures that people upload: told by their bytes, kept without what nobody sees."""
