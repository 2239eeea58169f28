#!/usr/bin/env python3
"""Makes the pictures of this folder: synthetic ones of our own, encoded in many ways, and what Pillow decodes them to (name.rgb.gz: RGB bytes).

    python3 make.py .        # needs Pillow and numpy
"""
import gzip, io, struct, sys, zlib
import numpy as np
from PIL import Image

out = sys.argv[1]
W, H = 61, 45
y, x = np.mgrid[0:H, 0:W]
rng = np.random.default_rng(3)
rgb = np.stack([x * 255 // W, y * 255 // H, 127 + 100 * np.sin(x / 5.0) * np.cos(y / 4.0)], -1).astype(np.float64)
rgb[((x - 40) ** 2 + (y - 20) ** 2) < 120] = (230, 40, 60)
rgb[30:40, 5:25] = (20, 60, 200)
rgb = np.clip(rgb + rng.normal(0, 4, rgb.shape), 0, 255).astype(np.uint8)
alpha = np.clip((x + y) * 3, 0, 255).astype(np.uint8)
picture = Image.fromarray(rgb)


def reference(name, image):
    with open(f"{out}/{name}.rgb.gz", "wb") as f:
        f.write(gzip.compress(np.asarray(image.convert("RGB")).tobytes(), 9, mtime=0))


def white(array_rgb, a):
    a = a[..., None].astype(np.int64)
    return Image.fromarray(((array_rgb.astype(np.int64) * a + 255 * (255 - a) + 127) // 255).astype(np.uint8))


def save(name, data, expected=None):
    with open(f"{out}/{name}", "wb") as f:
        f.write(data)
    reference(name, expected if expected is not None else Image.open(io.BytesIO(data)))


def encode(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


# PNG: written by hand, so that every depth, filter and Adam7 occur.
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pack(samples, depth):  # (h, w, c) integers to rows of bytes
    rows = []
    for row in samples:
        flat = row.reshape(-1)
        if depth == 16:
            rows.append(b"".join(struct.pack(">H", int(v)) for v in flat))
        elif depth == 8:
            rows.append(bytes(int(v) for v in flat))
        else:
            bits = "".join(format(int(v), f"0{depth}b") for v in flat)
            bits += "0" * (-len(bits) % 8)
            rows.append(bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8)))
    return rows


def filtered(rows, step, first):
    data, above = b"", bytes(len(rows[0])) if rows else b""
    for number, row in enumerate(rows):
        kind = (number + first) % 5
        line = bytearray()
        for i, v in enumerate(row):
            a = row[i - step] if i >= step else 0
            b = above[i]
            c = above[i - step] if i >= step else 0
            p = a + b - c
            paeth = a if abs(p - a) <= abs(p - b) and abs(p - a) <= abs(p - c) else b if abs(p - b) <= abs(p - c) else c
            line.append((v - (0, a, b, (a + b) // 2, paeth)[kind]) & 255)
        data += bytes([kind]) + bytes(line)
        above = row
    return data


def png(samples, depth, colour, interlaced, extra=b""):
    step = max(1, depth * samples.shape[2] // 8)
    if interlaced:
        raw = b""
        for left, top, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
            part = samples[top::dy, left::dx]
            if part.size:
                raw += filtered(pack(part, depth), step, left)
    else:
        raw = filtered(pack(samples, depth), step, 0)
    z = zlib.compress(raw, 9)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], depth, colour, 0, 0, interlaced)) + extra
            + chunk(b"IDAT", z[:100]) + chunk(b"IDAT", z[100:]) + chunk(b"IEND", b""))


grey = rgb.mean(-1).astype(np.uint8)
for depth in (1, 2, 4, 8, 16):
    value = grey.astype(np.int64) * ((1 << depth) - 1) // 255
    shown = (value >> 8 if depth == 16 else value * 255 // ((1 << depth) - 1)).astype(np.uint8)
    for interlaced in (0, 1):
        save(f"grey{depth}{'-adam7' if interlaced else ''}.png", png(value[..., None], depth, 0, interlaced), Image.fromarray(shown))
for depth in (1, 2, 4, 8):
    colours = min(200, 1 << depth)
    palette = rng.integers(0, 256, (colours, 3), dtype=np.uint8)
    index = (x // 3 + y // 2) % colours
    trans = bytes((40 * i) % 256 for i in range(min(colours, 6)))
    a = np.array([trans[i] if i < len(trans) else 255 for i in range(colours)], dtype=np.uint8)[index]
    save(f"palette{depth}.png", png(index[..., None], depth, 3, depth % 2, chunk(b"PLTE", palette.tobytes()) + chunk(b"tRNS", trans)), white(palette[index], a))
for depth in (8, 16):
    big = rgb.astype(np.int64) * (257 if depth == 16 else 1)
    key = big[3, 3]
    shown = rgb.copy()
    shown[(big == key).all(-1)] = 255
    save(f"rgb{depth}-key.png", png(big, depth, 2, depth // 16, chunk(b"tRNS", struct.pack(">HHH", *(int(v) for v in key)))), Image.fromarray(shown))
    wide = alpha.astype(np.int64)[..., None] * (257 if depth == 16 else 1)
    save(f"rgba{depth}.png", png(np.concatenate([big, wide], -1), depth, 6, 1 - depth // 16), white(rgb, alpha))
    level = grey.astype(np.int64)[..., None] * (257 if depth == 16 else 1)
    save(f"grey-alpha{depth}.png", png(np.concatenate([level, wide], -1), depth, 4, depth // 16), white(np.repeat(grey[..., None], 3, -1), alpha))

for name, sampling in (("444", 0), ("422", 1), ("420", 2)):
    for progressive in (False, True):
        save(f"{'progressive' if progressive else 'baseline'}-{name}.jpg", encode(picture, "JPEG", quality=88, subsampling=sampling, progressive=progressive))
save("grey.jpg", encode(picture.convert("L"), "JPEG", quality=90))
save("grey-progressive.jpg", encode(picture.convert("L"), "JPEG", quality=70, progressive=True))
save("cmyk.jpg", encode(picture.convert("CMYK"), "JPEG", quality=95))
save("low.jpg", encode(picture, "JPEG", quality=12))
from PIL import ImageOps
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(picture, "JPEG", quality=90, subsampling=0, exif=exif)
    if orientation in (3, 6, 8, 5):
        save(f"oriented-{orientation}.jpg", data, ImageOps.exif_transpose(Image.open(io.BytesIO(data))))

save("24.bmp", encode(picture, "BMP"))
save("8.bmp", encode(picture.quantize(200), "BMP"))
save("1.bmp", encode(picture.convert("1"), "BMP"))
save("32.bmp", encode(Image.fromarray(np.dstack([rgb, np.full((H, W), 255, np.uint8)])), "BMP"), picture)
index = np.array(picture.quantize(16))
pal = picture.quantize(16).getpalette()[:48]


def rle(index, bits):
    data = b""
    for row in index[::-1]:
        i = 0
        while i < len(row):
            n = 1
            while i + n < len(row) and row[i + n] == row[i] and n < 255:
                n += 1
            if n < 2 and i + 4 <= len(row):
                literal = row[i:i + 4]
                data += bytes([0, 4]) + (bytes(int(v) for v in literal) if bits == 8 else bytes([int(literal[0]) << 4 | int(literal[1]), int(literal[2]) << 4 | int(literal[3])]))
                i += 4
            else:
                data += bytes([n, int(row[i]) if bits == 8 else int(row[i]) * 17])
                i += n
        data += b"\0\0"
    return data[:-2] + b"\0\1"


for bits in (8, 4):
    body = rle(index, bits)
    colours = b"".join(bytes([pal[3 * i + 2], pal[3 * i + 1], pal[3 * i], 0]) for i in range(16))
    offset = 54 + len(colours)
    head = b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset) + struct.pack("<IiiHHIIiiII", 40, W, H, 1, bits, 1 if bits == 8 else 2, len(body), 0, 0, 16, 0)
    save(f"rle{bits}.bmp", head + colours + body, Image.fromarray(np.array(pal, np.uint8).reshape(16, 3)[index]))
five = (rgb[..., 0].astype(np.int64) >> 3 << 11) | (rgb[..., 1].astype(np.int64) >> 2 << 5) | rgb[..., 2].astype(np.int64) >> 3
rows = b"".join(row.astype("<u2").tobytes() + b"\0" * (-2 * W % 4) for row in five)  # upside down: a negative height
head = b"BM" + struct.pack("<IHHI", 66 + len(rows), 0, 0, 66) + struct.pack("<IiiHHIIiiII", 40, W, -H, 1, 16, 3, len(rows), 0, 0, 0, 0) + struct.pack("<III", 0xF800, 0x7E0, 0x1F)
shown = np.stack([(five >> 11) * 255 // 31, (five >> 5 & 63) * 255 // 63, (five & 31) * 255 // 31], -1).astype(np.uint8)
save("565.bmp", head + rows, Image.fromarray(shown))
save("p6.ppm", encode(picture, "PPM"))
save("p5.pgm", encode(picture.convert("L"), "PPM"))
save("p4.pbm", encode(picture.convert("1"), "PPM"))
small = rgb[:9, :11]
save("p3.ppm", b"P3 # colours\n11 9\n255\n" + "\n".join(" ".join(str(int(v)) for v in row.reshape(-1)) for row in small).encode() + b"\n", Image.fromarray(small))
save("p2.pgm", b"P2\n11 9 # wide\n15\n" + "\n".join(" ".join(str(int(v) * 15 // 255) for v in row) for row in grey[:9, :11]).encode(),
     Image.fromarray(((grey[:9, :11].astype(np.int64) * 15 // 255 * 255 + 7) // 15).astype(np.uint8)))
save("p1.pbm", b"P1\n11 9\n" + "\n".join("".join("1" if v < 128 else "0" for v in row) for row in grey[:9, :11]).encode(),
     Image.fromarray(np.where(grey[:9, :11] < 128, 0, 255).astype(np.uint8)))
