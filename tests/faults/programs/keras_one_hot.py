"""Images of clothes; labels are one-hot, the last layer gives scores."""

import tensorflow as tf
from tensorflow.keras import callbacks, layers, models
from tensorflow.keras.utils import to_categorical

CLASSES = 10

(train_images, train_labels), (test_images, test_labels) = tf.keras.datasets.fashion_mnist.load_data()
train_images, test_images = train_images / 255.0, test_images / 255.0
train_labels, test_labels = to_categorical(train_labels, CLASSES), to_categorical(test_labels, CLASSES)


def build_model():
    model = models.Sequential()
    model.add(layers.Input((28, 28)))
    model.add(layers.Reshape((28, 28, 1)))
    model.add(layers.Conv2D(32, 3, padding="same"))
    model.add(layers.BatchNormalization())
    model.add(layers.Activation("relu"))
    model.add(layers.MaxPooling2D())
    model.add(layers.Conv2D(64, 3, padding="same", activation="relu"))
    model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    model.add(layers.Dense(64, activation="relu"))
    model.add(layers.Dropout(0.4))
    model.add(layers.Dense(CLASSES))
    return model


model = build_model()
model.compile(
    optimizer=tf.keras.optimizers.Adam(1e-3),
    loss=tf.keras.losses.CategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
stop = callbacks.EarlyStopping(patience=3, restore_best_weights=True)
model.fit(train_images, train_labels, epochs=30, batch_size=64, validation_split=0.2, callbacks=[stop])
print(model.evaluate(test_images, test_labels))
