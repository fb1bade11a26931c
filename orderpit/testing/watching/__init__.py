"""What must hold at every step, and what has been reached."""
