"""Papers and credentials: awards that people issue, what is printed and signed of them, and what others may check."""
