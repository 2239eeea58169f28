#!/usr/bin/env python3
"""What Pillow's resize makes of p6.ppm: python3 make_resize.py p6.ppm resize.rgb.gz  (sizes and filters in the order of ResamplerTests)."""
import gzip, sys
from PIL import Image
picture = Image.open(sys.argv[1]).convert("RGB")
data = b"".join(picture.resize(size, filter).tobytes() for size in ((32, 32), (17, 40), (128, 96)) for filter in (Image.BILINEAR, Image.BICUBIC))
data += picture.resize((24, 24), Image.BICUBIC, box=(5.5, 2.25, 50.25, 40)).tobytes()
open(sys.argv[2], "wb").write(gzip.compress(data, 9, mtime=0))
