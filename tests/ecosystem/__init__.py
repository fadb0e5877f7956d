"""How nnlint fares on published packages: findings reviewed by hand, speed, how much is understood."""
