from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset


class CarvanaDataset(Dataset):
    def __init__(self, image_dir, mask_dir, size=256):
        self.images = sorted(Path(image_dir).glob("*.jpg"))
        self.mask_dir = Path(mask_dir)
        self.size = size

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        path = self.images[index]
        image = Image.open(path).convert("RGB").resize((self.size, self.size))
        mask = Image.open(self.mask_dir / f"{path.stem}_mask.gif").convert("L").resize((self.size, self.size))
        image = torch.from_numpy(np.array(image, dtype=np.float32) / 255.0).permute(2, 0, 1)
        mask = torch.from_numpy((np.array(mask) > 127).astype(np.float32)).unsqueeze(0)
        return image, mask
