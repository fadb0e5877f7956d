"""What is found out about a program while it runs abstractly, kept for checks: one fact a module."""
