"""Miles per gallon with a normalisation layer and the functional interface."""

import pandas as pd
from keras import Input, Model, layers, optimizers

dataset = pd.read_csv("auto-mpg.csv").dropna()
train_dataset = dataset.sample(frac=0.8, random_state=0)
test_dataset = dataset.drop(train_dataset.index)

train_features = train_dataset.copy()
test_features = test_dataset.copy()
train_labels = train_features.pop("MPG")
test_labels = test_features.pop("MPG")

normalizer = layers.Normalization(axis=-1)
normalizer.adapt(train_features.to_numpy())

inputs = Input(shape=(9,))
x = normalizer(inputs)
x = layers.Dense(64, activation="relu")(x)
x = layers.Dropout(0.1)(x)
x = layers.Dense(64, activation="relu")(x)
outputs = layers.Dense(1)(x)
model = Model(inputs, outputs)

model.compile(loss="mse", optimizer=optimizers.Adam(learning_rate=0.001), metrics=["mae"])
history = model.fit(train_features, train_labels, validation_split=0.2, verbose=0, epochs=100)
print(model.evaluate(test_features, test_labels, verbose=0))
