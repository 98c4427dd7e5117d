"""Which functions there are, and when two of them are one."""
