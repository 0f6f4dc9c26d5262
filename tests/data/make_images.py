#!/usr/bin/env python3
"""Writes sample_images.h, the small pictures that test_image.cpp decodes, made by another program than the one tested (needs Pillow). Run scripts/format after it.

left_red_right_blue: 16 x 16, the left half (255, 0, 0), the right half (0, 0, 255).
"""
import io
import pathlib

from PIL import Image


def encoded(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


rgb = Image.new("RGB", (16, 16), (255, 0, 0))
rgb.paste((0, 0, 255), (8, 0, 16, 16))
rgba = rgb.convert("RGBA")
rgba.putalpha(128)
files = {
    "progressive_jpeg": encoded(rgb, "JPEG", quality=95, progressive=True, subsampling=0),
    "subsampled_jpeg": encoded(rgb, "JPEG", quality=95, subsampling=2),
    "palette_png": encoded(rgb.quantize(2), "PNG", bits=1),
    "alpha_png": encoded(rgba, "PNG"),
    "deep_grey_png": encoded(Image.new("I;16", (4, 4), 0x80FF), "PNG"),   # 4 x 4 of 0x80ff
}
lines = ["// Written by data/make_images.py.", "#pragma once", "#include <cstdint>", "#include <vector>", "", "namespace duel::test {"]
for name, data in files.items():
    lines.append(f"inline const std::vector<uint8_t> {name} = {{")
    for i in range(0, len(data), 28):
        lines.append("    " + ", ".join(str(b) for b in data[i : i + 28]) + ",")
    lines.append("};")
lines.append("}  // namespace duel::test")
(pathlib.Path(__file__).parent.parent / "sample_images.h").write_text("\n".join(lines) + "\n")
