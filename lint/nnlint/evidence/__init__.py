"""Evidence: what readers make and checks take. Frozen dataclasses without opinions."""
