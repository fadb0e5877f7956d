"""A small student learns from a large teacher."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader
from torchvision import datasets, models, transforms

T, ALPHA, EPOCHS = 4.0, 0.7, 20
normalize = transforms.Normalize((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))
train_tf = transforms.Compose(
    [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip(), transforms.ToTensor(), normalize]
)
test_tf = transforms.Compose([transforms.ToTensor(), normalize])
train_loader = DataLoader(datasets.CIFAR10("data", True, train_tf, download=True), batch_size=128, shuffle=True)
test_loader = DataLoader(datasets.CIFAR10("data", False, test_tf), batch_size=256)


class Student(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 16, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=2, stride=2),
            nn.Conv2d(16, 16, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=2, stride=2),
        )
        self.classifier = nn.Sequential(
            nn.Linear(1024, 256), nn.ReLU(), nn.Dropout(0.1), nn.Linear(256, num_classes)
        )

    def forward(self, x):
        x = self.features(x)
        x = torch.flatten(x, 1)
        return self.classifier(x)


def distill(teacher, student, optimizer):
    teacher.eval()
    student.train()
    for images, labels in train_loader:
        with torch.no_grad():
            teacher_logits = teacher(images)
        student_logits = student(images)
        soft = F.kl_div(
            F.log_softmax(student_logits / T, dim=1), F.softmax(teacher_logits / T, dim=1), reduction="batchmean"
        )
        hard = F.cross_entropy(student_logits, labels)
        loss = ALPHA * T * T * soft + (1 - ALPHA) * hard
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def test(model):
    model.eval()
    correct = 0
    with torch.no_grad():
        for images, labels in test_loader:
            correct += (model(images).argmax(1) == labels).sum().item()
    return correct / len(test_loader.dataset)


if __name__ == "__main__":
    teacher = models.resnet34(num_classes=10)
    teacher.load_state_dict(torch.load("teacher.pt", weights_only=True))
    student = Student()
    optimizer = torch.optim.Adam(student.parameters(), lr=0.001)
    for epoch in range(EPOCHS):
        distill(teacher, student, optimizer)
        print(epoch, test(student))
