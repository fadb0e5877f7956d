from dataclasses import dataclass


@dataclass
class TrainConfig:
    in_features: int = 18
    hidden_sizes: tuple = (128, 64, 32)
    dropout: float = 0.2
    lr: float = 1e-3
    weight_decay: float = 1e-4
    epochs: int = 80
    batch_size: int = 128
    seed: int = 11
