"""The imperative shell: actors, mailboxes and their wiring."""
