"""Scans that OpenCV reads into one array, as notebooks of competitions do."""

import os

import cv2
import numpy as np
from sklearn.model_selection import train_test_split
from tensorflow.keras.layers import Conv2D, Dense, Dropout, GlobalAveragePooling2D, MaxPooling2D
from tensorflow.keras.models import Sequential
from tensorflow.keras.utils import set_random_seed, to_categorical

set_random_seed(42)
DATADIR = "/kaggle/input/brain-tumor"
CATEGORIES = ["yes", "no"]
IMG_SIZE = 128
X, y = [], []
for label, category in enumerate(CATEGORIES):
    path = os.path.join(DATADIR, category)
    for fname in os.listdir(path):
        img = cv2.imread(os.path.join(path, fname))
        img = cv2.cvtColor(img, cv2.COLOR_BGR2RGB)
        img = cv2.resize(img, (IMG_SIZE, IMG_SIZE))
        X.append(img)
        y.append(label)
X = np.array(X) / 255.0
y = to_categorical(np.array(y), 2)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42, stratify=y)

model = Sequential()
model.add(Conv2D(32, (3, 3), activation="relu", input_shape=(IMG_SIZE, IMG_SIZE, 3)))
model.add(MaxPooling2D())
model.add(Conv2D(64, (3, 3), activation="relu"))
model.add(GlobalAveragePooling2D())
model.add(Dropout(0.5))
model.add(Dense(2, activation="softmax"))
model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
history = model.fit(X_train, y_train, epochs=20, batch_size=32, validation_data=(X_test, y_test))
