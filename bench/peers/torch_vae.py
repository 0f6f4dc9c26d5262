#!/usr/bin/env python3
"""A VAE of Keras's example (models/vae.h) trained on Fashion-MNIST in PyTorch, to hold `vae train` against: the ELBO on the test images.

    OMP_NUM_THREADS=1 bench/peers/torch_vae.py --epochs 5 --seed 1

Layers, initialisation, loss, optimiser and order of things are those of `vae train`; only the random draws differ.
"""
import argparse, gzip, os, time
import torch
import torch.nn as nn
import torch.nn.functional as F

p = argparse.ArgumentParser()
p.add_argument("--epochs", type=int, default=5), p.add_argument("--seed", type=int, default=1), p.add_argument("--batch", type=int, default=128)
p.add_argument("--data", default=os.path.join(os.environ.get("DUEL_DATA", "/usr/share/datasets"), "fashion-mnist"))
a = p.parse_args()
torch.manual_seed(a.seed)
torch.set_num_threads(1)
width, hidden, latent = 32, 16, 2


def images(name):
    with gzip.open(os.path.join(a.data, name + "-images-idx3-ubyte.gz")) as file:
        pixels = torch.frombuffer(bytearray(file.read()[16:]), dtype=torch.uint8)
    return pixels.reshape(-1, 1, 28, 28).float() / 255


class Up(nn.ConvTranspose2d):
    """The adjoint of a "same" convolution of stride 2, which pads below and to the right only: PyTorch's own padding would be a pixel off."""

    def forward(self, x):
        return super().forward(x)[:, :, :-1, :-1]


class Vae(nn.Module):
    def __init__(self):
        super().__init__()
        down = lambda c, k: [nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(c, k, 3, 2), nn.ReLU()]
        up = lambda c, k: [Up(c, k, 3, 2), nn.ReLU()]
        self.encoder = nn.Sequential(*down(1, width), *down(width, 2 * width), nn.Flatten(), nn.Linear(49 * 2 * width, hidden), nn.ReLU())
        self.mean, self.log_variance = nn.Linear(hidden, latent), nn.Linear(hidden, latent)
        self.decoder = nn.Sequential(nn.Linear(latent, 49 * 2 * width), nn.ReLU(), nn.Unflatten(1, (2 * width, 7, 7)),
                                     *up(2 * width, 2 * width), *up(2 * width, width), nn.ConvTranspose2d(width, 1, 3, 1, 1))
        for name, w in self.named_parameters():
            nn.init.zeros_(w) if name.endswith("bias") else nn.init.xavier_uniform_(w)

    def forward(self, x):
        """-log p(x|z) and the KL of each image, in nats; z drawn once."""
        h = self.encoder(x)
        mean, log_variance = self.mean(h), self.log_variance(h)
        out = self.decoder(mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean))
        reconstruction = F.binary_cross_entropy_with_logits(out, x, reduction="none").flatten(1).sum(1)
        return reconstruction, -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(1)


def judge(net, data):
    with torch.no_grad():
        parts = [torch.stack(net(batch)) for batch in data.split(250)]
    return torch.cat(parts, 1).double().mean(1).tolist()


train, test, net = images("train"), images("t10k"), Vae()
optimiser = torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.9, 0.999), eps=1e-8)
start = time.perf_counter()
for epoch in range(a.epochs):
    order = torch.randperm(len(train))
    for i in range(0, len(train) - a.batch + 1, a.batch):  # the last incomplete batch is dropped
        optimiser.zero_grad()
        reconstruction, kl = net(train[order[i:i + a.batch]])
        (reconstruction + kl).mean().backward()
        optimiser.step()
    reconstruction, kl = judge(net, test)
    print(f"seed {a.seed} epoch {epoch + 1}: -log p(x|z) {reconstruction:.2f}  KL {kl:.2f}  ELBO {-reconstruction - kl:.2f}"
          f"  {time.perf_counter() - start:.0f} s", flush=True)
