#!/usr/bin/env python3
"""Writes augment.safetensors: what torchvision's transforms v2 make of an image at given parameters, for tests/test_pipeline_values.cpp.

Run with a python3 that imports torch and torchvision:   python3 tests/golden/make_augment_goldens.py
Images are float in [0, 1], or bytes where a transform asks for bytes, and stored as NHWC. Nothing here clips.
"""
import os
import torch, torchvision
from torchvision.transforms import InterpolationMode
from torchvision.transforms import v2 as T
from torchvision.transforms.v2 import functional as F
from golden_file import write

torch.manual_seed(3)
h, w = 13, 10
coarse = torch.rand(1, 3, 5, 4)
image = 0.25 + 0.4 * torch.nn.functional.interpolate(coarse, size=(h, w), mode="bicubic", align_corners=False).clamp(0, 1)
byte = (torch.rand(1, 3, h, w) ** 2 * 200 + 20).to(torch.uint8)
bilinear, nearest = InterpolationMode.BILINEAR, InterpolationMode.NEAREST

tables = {}
out = {"image": image, "byte": byte.to(torch.int32)}
out["rotate"] = F.rotate(image, 30.0, bilinear)
out["rotate_nearest"] = F.rotate(image, -70.0, nearest)
out["translate"] = F.affine(image, 0.0, [2, -3], 1.0, [0.0, 0.0], bilinear)
out["scale"] = F.affine(image, 0.0, [0, 0], 1.3, [0.0, 0.0], bilinear)
corners = [[0, 0], [w - 1, 0], [w - 1, h - 1], [0, h - 1]]
moved = [[1, 2], [w - 2, 1], [w - 3, h - 2], [2, h - 4]]
out["perspective"] = F.perspective(image, corners, moved, bilinear)
out["resize"] = F.resize(image, [21, 17], bilinear, antialias=False)
out["resize_bicubic"] = F.resize(image, [21, 17], InterpolationMode.BICUBIC, antialias=False)
out["crop"] = F.resized_crop(image, 3, 2, 7, 6, [h, w], bilinear, antialias=False)
out["brightness"] = F.adjust_brightness(image, 1.3)
out["contrast"] = F.adjust_contrast(image, 0.6)
out["saturation"] = F.adjust_saturation(image, 1.4)
out["gamma"] = F.adjust_gamma(image, 1.7)
out["gray"] = F.rgb_to_grayscale(image, 3)
out["invert"] = F.invert(image)
out["solarize"] = F.solarize(image, 0.43)
out["autocontrast"] = F.autocontrast(image)
out["sharpness"] = F.adjust_sharpness(image, 1.6)
out["blur"] = F.gaussian_blur(image, [11, 11], [1.5, 1.5])
out["equalize"] = F.equalize(byte).to(torch.int32)
out["posterize"] = F.posterize(byte, 3).to(torch.int32)
out["color"] = F.adjust_saturation(F.adjust_contrast(F.adjust_brightness(image, 1.2), 0.8), 0.7)
# RandAugment and TrivialAugment: what each of the fourteen operations is at each of the 31 magnitudes for an image of this size, and what it
# makes of the image at magnitude 9, both signs.
for policy, name in [(T.RandAugment(), "randaugment"), (T.TrivialAugmentWide(), "trivialaugment")]:
    table = []
    for operation, (magnitudes, signed) in policy._AUGMENTATION_SPACE.items():
        of = magnitudes(31, h, w)
        table.append(torch.zeros(31) if of is None else of.float())
        for sign in [1, -1] if signed else [1]:
            source = byte if operation in ("Posterize", "Equalize") else image
            made = policy._apply_image_or_video_transform(source, operation, sign * float(table[-1][9]), bilinear, policy._fill)
            out[f"{name}.{operation}{'-' if sign < 0 else ''}"] = made.to(torch.int32) if source is byte else made
    tables[name + ".magnitudes"] = torch.stack(table).double()
layout = {k: (v if v.dtype == torch.int32 else v.double()).permute(0, 2, 3, 1).contiguous() for k, v in out.items()}
layout.update(tables)
write(os.path.join(os.path.dirname(os.path.abspath(__file__)), "augment.safetensors"), layout, {"torchvision": torchvision.__version__})
