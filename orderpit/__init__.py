"""An order management system made of actors, for people who write trading bots."""
