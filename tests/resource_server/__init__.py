"""The package that APIs check tokens with (`clients/python`)."""
