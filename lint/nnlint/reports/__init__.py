"""Reports render findings; they know no check."""
