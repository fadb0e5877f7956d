"""The graph of a network: operations over tensors with abstract shape, range and meaning."""
