"""What calls into libraries mean: the standard library, PyTorch, Keras, Lightning, pandas..."""
