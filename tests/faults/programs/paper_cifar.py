"""Training script for our paper."""
import argparse, logging, os
import torch, torchvision
import torch.nn as nn
from torchvision import transforms as T

logger = logging.getLogger(__name__)

def get_args():
    p = argparse.ArgumentParser()
    p.add_argument("--data", default="./data")
    p.add_argument("--epochs", default=160, type=int)
    p.add_argument("--batch-size", default=128, type=int)
    p.add_argument("--lr", default=0.1, type=float)
    p.add_argument("--workers", default=4, type=int)
    return p.parse_args()

def conv_bn(i, o, s=1):
    return nn.Sequential(nn.Conv2d(i, o, 3, s, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU(True))

class Net(nn.Module):
    def __init__(self, classes=100):
        super().__init__()
        self.body = nn.Sequential(conv_bn(3, 64), conv_bn(64, 128, 2), conv_bn(128, 256, 2), nn.AdaptiveAvgPool2d(1))
        self.fc = nn.Linear(256, classes)
    def forward(self, x):
        return self.fc(torch.flatten(self.body(x), 1))

def loaders(args):
    norm = T.Normalize((0.507, 0.487, 0.441), (0.267, 0.256, 0.276))
    tr = T.Compose([T.RandomCrop(32, 4), T.RandomHorizontalFlip(), T.ToTensor(), norm])
    te = T.Compose([T.ToTensor(), norm])
    train = torchvision.datasets.CIFAR100(args.data, train=True, transform=tr, download=True)
    test = torchvision.datasets.CIFAR100(args.data, train=False, transform=te)
    return (torch.utils.data.DataLoader(train, args.batch_size, shuffle=True, num_workers=args.workers),
            torch.utils.data.DataLoader(test, 256, num_workers=args.workers))

def main():
    args = get_args()
    torch.manual_seed(0)
    net = Net().cuda()
    criterion = nn.CrossEntropyLoss().cuda()
    opt = torch.optim.SGD(net.parameters(), args.lr, momentum=0.9, weight_decay=5e-4, nesterov=True)
    sched = torch.optim.lr_scheduler.MultiStepLR(opt, [80, 120], gamma=0.1)
    train_loader, test_loader = loaders(args)
    for epoch in range(args.epochs):
        net.train()
        for i, (img, lab) in enumerate(train_loader):
            img, lab = img.cuda(non_blocking=True), lab.cuda(non_blocking=True)
            loss = criterion(net(img), lab)
            opt.zero_grad()
            loss.backward()
            opt.step()
            if i % 100 == 0:
                logger.info("epoch %d iter %d loss %.3f", epoch, i, loss.item())
        sched.step()
        net.eval()
        ok = 0
        with torch.no_grad():
            for img, lab in test_loader:
                ok += (net(img.cuda()).argmax(1).cpu() == lab).sum().item()
        logger.info("epoch %d top1 %.2f", epoch, 100 * ok / len(test_loader.dataset))
    torch.save(net.state_dict(), "net.pt")

if __name__ == "__main__":
    main()
