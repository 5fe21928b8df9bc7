"""Segments an image file and writes its mask as a PGM: segment.py IMAGE MASK.pgm"""
import sys

import lungseg

if len(sys.argv) != 3:
    sys.exit("usage: segment.py IMAGE MASK.pgm")
try:
    with lungseg.Segmenter() as segmenter:
        result = segmenter.segment(sys.argv[1])
except (lungseg.Error, OSError) as error:
    sys.exit(f"segment: {error}")

height, width = result.mask.shape
with open(sys.argv[2], "wb") as file:
    file.write(b"P5\n%d %d\n255\n" % (width, height))
    file.write(result.mask.tobytes())
print(f"{(result.mask > 0).sum()} of {width} x {height} pixels are lung ({lungseg.version()})")
