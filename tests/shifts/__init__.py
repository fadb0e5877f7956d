"""How often checks between splits find planted shifts, and how often they alarm at random divisions."""
