"""The functional core: immutable values and state machines, without threads, clocks, I/O or randomness."""
