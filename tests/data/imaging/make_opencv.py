"""Makes tests/data/imaging/opencv: checksums of what OpenCV computes from generated inputs.

Run with Debian's python3-opencv and python3-numpy. The tests draw the same inputs from the same generator (see OpenCvCases.cs)
and compare the CRC-32 of their own results, so equality is bit for bit.
"""
import os, zlib
import cv2, numpy as np

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "opencv")
os.makedirs(here, exist_ok=True)


class Draw:
    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self.state >> 8) % n

    def between(self, low, high):
        return low + self.below(high - low + 1)


def crc(array):
    return format(zlib.crc32(np.ascontiguousarray(array).tobytes()), "08x")


def mask(seed):
    d = Draw(seed)
    w, h = d.between(24, 220), d.between(24, 220)
    m = np.zeros((h, w), np.uint8)
    yy, xx = np.mgrid[0:h, 0:w].astype(np.int64)
    for _ in range(d.between(2, 24)):
        kind, value = d.below(3), 1 if d.below(3) else 0
        cx, cy = d.below(w), d.below(h)
        rx, ry = d.between(1, 1 + w // 4), d.between(1, 1 + h // 4)
        if kind == 0:
            m[(xx - cx) ** 2 * ry * ry + (yy - cy) ** 2 * rx * rx <= rx * rx * ry * ry] = value
        elif kind == 1:
            m[max(cy - ry, 0):cy + ry + 1, max(cx - rx, 0):cx + rx + 1] = value
        else:
            m[np.abs(xx - cx) + np.abs(yy - cy) <= min(rx, ry)] = value
    for _ in range(d.below(2) * d.below(1 + w * h // 8)):
        x, y = d.below(w), d.below(h)
        m[y, x] ^= 1
    return m, [6, 60, 600, 6000][d.below(4)]


def filter_img(thresh, contour_area):
    """The study's own clean-up, its OpenCV calls in its order."""
    thresh = thresh.copy()
    contours, _ = cv2.findContours(thresh, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    for c in contours:
        if cv2.contourArea(c) < contour_area:
            cv2.drawContours(thresh, [c], -1, (0, 0, 0), -1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    opening = cv2.morphologyEx(thresh, cv2.MORPH_OPEN, kernel, iterations=2)
    return cv2.morphologyEx(opening, cv2.MORPH_CLOSE, kernel)


with open(os.path.join(here, "masks.tsv"), "w") as f:
    for seed in range(1, 401):
        m, area = mask(seed)
        cleaned = filter_img(m, area)
        saved = (cv2.resize(cleaned, (512, 512)) > 0.5).astype(np.uint8)
        count, _, stats, _ = cv2.connectedComponentsWithStats(m, connectivity=8)
        largest = max(stats[1:, cv2.CC_STAT_AREA], default=0)
        f.write("\t".join(map(str, [seed, area, crc(m), crc(cleaned), crc(saved), count - 1, largest])) + "\n")

with open(os.path.join(here, "resizes.tsv"), "w") as f:
    for seed in range(1, 301):
        d = Draw(seed)
        w, h, c = d.between(1, 150), d.between(1, 150), 1 + 2 * d.below(2)
        tw, th = d.between(1, 150), d.between(1, 150)
        if seed % 10 == 0:
            w, h = 2 * tw, 2 * th
        if seed % 10 == 1:
            w, h = 2 * tw, th
        source = np.array([d.below(256) for _ in range(w * h * c)], np.uint8).reshape(h, w, c)
        f.write("\t".join(map(str, [seed, crc(source), crc(cv2.resize(source, (tw, th)))])) + "\n")
