"""Named races, each enumerated to its end."""
