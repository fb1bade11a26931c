"""The journal: every fact of the one ordered stream, durable before anything follows from it."""
