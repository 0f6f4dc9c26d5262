#!/usr/bin/env python3
"""A net of a checkpoint as PyTorch's modules.   from_duel.py runs/mine/checkpoints/last.safetensors PART OUT [INPUT]
PART is g or d of a GAN, net of a classifier, encoder or decoder of a VAE. OUT.pt gets its state dict; OUT.safetensors what it makes (y0; y1
is an encoder's log variance) of INPUT, a safetensors file with x in PyTorch's layout and, for a conditional net, labels; OUT.ppm, of g, a grid
of images. Without INPUT a grid is of 64 random z."""
import json
import sys

import torch

from checkpoint import read, write
from nets import net_of, with_label

source, part, out, *given = sys.argv[1:]
metadata, tensors = read(source)
net, names = net_of(metadata, tensors, part)
if out.endswith(".pt"):
    torch.save(net.state_dict(), out)
    sys.exit()
settings, classes = json.loads(metadata["settings"]), len(json.loads(metadata["network"])["classes"])
given = read(given[0])[1] if given else {"x": torch.randn(64, settings["nz"], 1, 1), "labels": torch.arange(64) % classes}
with torch.no_grad():
    made = net(with_label(given["x"], given["labels"], classes) if settings.get("conditional") and part != "net" else given["x"])
if out.endswith(".safetensors"):
    write(out, {}, {f"y{i}": y for i, y in enumerate(made if isinstance(made, tuple) else [made])})
else:
    images = ((made + 1) * 127.5).round().clamp(0, 255).byte()
    n, c, h, w = images.shape
    grid = images[:n // 8 * 8].reshape(-1, 8, c, h, w).permute(0, 3, 1, 4, 2).reshape(-1, 8 * w, c).expand(-1, -1, 3).contiguous()
    open(out, "wb").write(b"P6 %d %d 255\n" % (8 * w, len(grid)) + bytes(grid.flatten().tolist()))
