"""Many runs of a bot, and the story of the one that failed."""
