"""Where programs come from: files and notebooks as text, their syntax trees, and imports between them."""
