"""The built-in checks: one family a folder, one check a file."""
