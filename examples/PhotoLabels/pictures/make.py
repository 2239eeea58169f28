#!/usr/bin/env python3
"""Paints this folder's pictures: the things and places of an imaginary person, each time a little different, and some of nobody's.

    python3 make.py .        # needs Pillow; the same seed gives the same pictures
"""
import os, random, sys
from PIL import Image, ImageDraw, ImageFilter

out, S, BIG = sys.argv[1], 80, 320
rng = random.Random(20260101)


def jitter(colour, amount=18):
    return tuple(max(0, min(255, c + rng.randint(-amount, amount))) for c in colour)


def ground():
    base = jitter(rng.choice([(196, 178, 150), (170, 175, 180), (210, 205, 196), (150, 130, 110)]), 20)
    picture = Image.new("RGB", (BIG, BIG), base)
    d = ImageDraw.Draw(picture)
    for _ in range(14):
        x, y, r = rng.randint(0, BIG), rng.randint(0, BIG), rng.randint(20, 90)
        d.ellipse([x - r, y - r, x + r, y + r], fill=jitter(base, 10))
    return picture.filter(ImageFilter.GaussianBlur(12))


def mug(p):
    d, x, y, s = ImageDraw.Draw(p), rng.randint(120, 190), rng.randint(130, 190), rng.uniform(0.8, 1.2)
    c = jitter((40, 80, 190))
    d.ellipse([x + 40 * s, y - 40 * s, x + 105 * s, y + 45 * s], outline=c, width=int(16 * s))
    d.rectangle([x - 60 * s, y - 60 * s, x + 60 * s, y + 75 * s], fill=c)
    d.ellipse([x - 60 * s, y - 80 * s, x + 60 * s, y - 40 * s], fill=jitter((70, 45, 25)))
    d.rectangle([x - 60 * s, y - 10 * s, x + 60 * s, y + 15 * s], fill=jitter((240, 240, 235)))


def bicycle(p):
    d, x, y, s = ImageDraw.Draw(p), rng.randint(140, 180), rng.randint(170, 210), rng.uniform(0.85, 1.15)
    c = jitter((200, 40, 40))
    for dx in (-80, 80):
        d.ellipse([x + (dx - 48) * s, y - 48 * s, x + (dx + 48) * s, y + 48 * s], outline=jitter((30, 30, 30)), width=int(9 * s))
    for a, b in (((-80, 0), (-20, -70)), ((-20, -70), (60, -70)), ((60, -70), (0, 0)), ((0, 0), (-80, 0)), ((-20, -70), (0, 0)), ((60, -90), (80, 0))):
        d.line([x + a[0] * s, y + a[1] * s, x + b[0] * s, y + b[1] * s], fill=c, width=int(11 * s))
    d.line([x - 40 * s, y - 85 * s, x, y - 85 * s], fill=(20, 20, 20), width=int(12 * s))


def garden(p):
    d = ImageDraw.Draw(p)
    horizon = rng.randint(90, 150)
    d.rectangle([0, 0, BIG, horizon], fill=jitter((140, 190, 230)))
    d.rectangle([0, horizon, BIG, BIG], fill=jitter((70, 140, 60)))
    for _ in range(60):
        x, y = rng.randint(0, BIG), rng.randint(horizon, BIG)
        d.line([x, y, x + rng.randint(-8, 8), y - rng.randint(10, 30)], fill=jitter((50, 115, 45), 25), width=4)
    for _ in range(rng.randint(14, 22)):
        x, y, r = rng.randint(0, BIG), rng.randint(horizon + 10, BIG), rng.randint(6, 13)
        d.ellipse([x - r, y - r, x + r, y + r], fill=jitter(rng.choice([(240, 220, 60), (230, 110, 170), (250, 250, 250)])))


def beach(p):
    d = ImageDraw.Draw(p)
    sky, sea = rng.randint(90, 130), rng.randint(170, 210)
    d.rectangle([0, 0, BIG, sky], fill=jitter((150, 205, 240)))
    d.rectangle([0, sky, BIG, sea], fill=jitter((30, 110, 160)))
    d.rectangle([0, sea, BIG, BIG], fill=jitter((230, 205, 150)))
    for _ in range(12):
        x, y = rng.randint(0, BIG), rng.randint(sky + 5, sea)
        d.line([x, y, x + rng.randint(20, 60), y], fill=jitter((200, 225, 240)), width=4)
    x = rng.randint(60, 260)
    d.ellipse([x - 22, 18, x + 22, 62], fill=(255, 240, 170))
    x, y = rng.randint(60, 260), rng.randint(230, 280)
    d.pieslice([x - 55, y - 70, x + 55, y + 40], 180, 360, fill=jitter((220, 70, 60)))
    d.line([x, y - 20, x, y + 45], fill=(120, 90, 60), width=6)


def cat(p):
    d, x, y, s = ImageDraw.Draw(p), rng.randint(130, 190), rng.randint(150, 180), rng.uniform(0.85, 1.15)
    c = jitter((225, 140, 60))
    d.ellipse([x - 70 * s, y, x + 70 * s, y + 130 * s], fill=c)
    d.ellipse([x - 55 * s, y - 75 * s, x + 55 * s, y + 25 * s], fill=c)
    for side in (-1, 1):
        d.polygon([(x + side * 50 * s, y - 40 * s), (x + side * 52 * s, y - 105 * s), (x + side * 10 * s, y - 68 * s)], fill=c)
        d.ellipse([x + (side * 22 - 9) * s, y - 38 * s, x + (side * 22 + 9) * s, y - 18 * s], fill=(60, 120, 50))
    d.polygon([(x - 8 * s, y - 10 * s), (x + 8 * s, y - 10 * s), (x, y)], fill=(150, 70, 70))
    for k in range(3):
        d.line([x - 40 * s, y + (40 + 25 * k) * s, x + 40 * s, y + (34 + 25 * k) * s], fill=jitter((175, 95, 35)), width=int(9 * s))


def keys(p):
    d, x, y, s = ImageDraw.Draw(p), rng.randint(120, 150), rng.randint(110, 160), rng.uniform(0.85, 1.2)
    d.ellipse([x - 40 * s, y - 40 * s, x + 40 * s, y + 40 * s], outline=jitter((120, 120, 125)), width=int(9 * s))
    for dx, dy, c in ((90, 80, (205, 170, 60)), (20, 115, (170, 172, 178))):
        c = jitter(c)
        d.line([x + 20 * s, y + 30 * s, x + dx * s, y + dy * s], fill=c, width=int(17 * s))
        d.rectangle([x + (dx - 6) * s, y + (dy - 18) * s, x + (dx + 22) * s, y + (dy - 6) * s], fill=c)
        d.ellipse([x, y + 12 * s, x + 44 * s, y + 52 * s], fill=c)


def books(p):
    d = ImageDraw.Draw(p)
    x = rng.randint(20, 50)
    while x < 280:
        w, h = rng.randint(18, 40), rng.randint(120, 200)
        d.rectangle([x, 270 - h, x + w, 270], fill=tuple(rng.randint(40, 220) for _ in range(3)))
        x += w + 2


def lamp(p):
    d, x = ImageDraw.Draw(p), rng.randint(120, 200)
    d.polygon([(x - 70, 150), (x + 70, 150), (x + 40, 70), (x - 40, 70)], fill=jitter((240, 230, 190)))
    d.rectangle([x - 7, 150, x + 7, 265], fill=jitter((90, 70, 50)))
    d.ellipse([x - 50, 255, x + 50, 285], fill=jitter((90, 70, 50)))


def save(folder, number, paint):
    picture = ground()
    paint(picture)
    if rng.random() < 0.5 and paint is not keys:
        picture = picture.transpose(Image.FLIP_LEFT_RIGHT)
    picture = picture.rotate(rng.uniform(-7, 7), resample=Image.BICUBIC, fillcolor=picture.getpixel((3, 3))).crop((16, 16, BIG - 16, BIG - 16)).resize((S, S), Image.LANCZOS)
    light = rng.uniform(0.75, 1.2)
    picture = picture.point(lambda v: max(0, min(255, int(v * light) + rng.randint(-7, 7))))
    os.makedirs(f"{out}/{folder}", exist_ok=True)
    picture.save(f"{out}/{folder}/{number:02d}.jpg", quality=88, progressive=number % 2 == 0)


for name, paint in (("my mug", mug), ("my bicycle", bicycle), ("our garden", garden), ("the beach", beach), ("our cat", cat), ("my keys", keys)):
    for i in range(4):
        save("teach/" + name, i + 1, paint)
    for i in range(6):
        save("test/" + name, i + 1, paint)
for i in range(6):
    save("test/unknown", i + 1, books if i % 2 else lamp)
