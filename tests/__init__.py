"""The test suite; `docs/map.md` says which file proves what."""
