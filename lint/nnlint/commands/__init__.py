"""What each sub-command does, one module a command, imported when it is called."""
