"""An exchange that misbehaves on demand."""
