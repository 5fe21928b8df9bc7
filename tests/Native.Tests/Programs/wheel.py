"""The wheel's own checks: wheel.py IMAGE WEIGHTS"""
import sys
import threading

import lungseg
import numpy as np

image, weights = sys.argv[1:]


def refused(status, words, call):
    try:
        call()
    except lungseg.Error as error:
        assert error.status == status and words in str(error), (error.status, str(error))
    else:
        raise AssertionError(f"{words}: not refused")


segmenter = lungseg.Segmenter(network_size=256)
from_file = segmenter.segment(image)
assert from_file.mask.dtype == np.uint8 and set(np.unique(from_file.mask)) == {0, 255}
assert from_file.probabilities.shape == from_file.mask.shape and 0 <= from_file.probabilities.min() <= from_file.probabilities.max() <= 1
assert from_file.right.area + from_file.left.area == (from_file.mask > 0).sum()
assert from_file.right.center_x < from_file.left.center_x

with open(image, "rb") as file:
    data = file.read()
assert (segmenter.segment(data).mask == from_file.mask).all()
with open(weights, "rb") as file:
    other = lungseg.Segmenter(weights=file.read(), network_size=256)
assert (other.segment(data).probabilities == from_file.probabilities).all()
assert (lungseg.Segmenter(weights=weights, network_size=256, threads=1).segment(data).mask == from_file.mask).all()

# Arrays: depths, colours, rows with gaps, and pixels that are not side by side.
rows, columns = np.mgrid[0:300, 0:200]
grey = ((np.hypot(rows - 150, columns - 60) < 50) | (np.hypot(rows - 150, columns - 140) < 50)).astype(np.uint8) * 200 + 20
expected = segmenter.segment(grey).probabilities
assert expected.shape == (300, 200)
for same in [grey.astype(np.float64) / 255, grey.astype(np.float32) / 255, grey.astype(np.uint16) * 257]:
    assert np.abs(segmenter.segment(same).probabilities - expected).max() < 0.02
wide = np.full((300, 260), 255, np.uint8)
wide[:, :200] = grey
for same in [wide[:, :200], np.asfortranarray(grey), np.repeat(grey, 2, axis=1)[:, ::2], grey[::-1][::-1], np.dstack([grey] * 3)]:
    assert (segmenter.segment(same).probabilities == expected).all()
assert (segmenter.segment(grey.astype(np.uint16) * 16, bits=12).probabilities.shape) == (300, 200)

refused(2, "", lambda: segmenter.segment(b"no image"))
refused(1, "samples from 0 to 1", lambda: segmenter.segment(np.full((64, 64), np.nan, np.float32)))
refused(1, "channels", lambda: segmenter.segment(np.zeros((64, 64, 2), np.uint8)))
refused(1, "unknown network", lambda: lungseg.Segmenter("pann"))
refused(3, "does not exist", lambda: lungseg.Segmenter(weights="nothing"))
refused(4, "MiB", lambda: lungseg.Segmenter(memory_limit=1 << 20))
for wrong in [np.zeros((64, 64), np.int32), np.zeros(64, np.uint8), np.zeros((0, 5), np.uint8)]:
    try:
        segmenter.segment(wrong)
    except ValueError:
        continue
    raise AssertionError(wrong.shape)

# Threads share one, and another thread cancels.
masks = []
pool = lungseg.Segmenter(network_size=256, images=4)
threads = [threading.Thread(target=lambda: masks.append(pool.segment(data).mask)) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert len(masks) == 8 and all((mask == from_file.mask).all() for mask in masks)
large = lungseg.Segmenter(network_size=1024, threads=1)
# A cancellation ends what is in the network at that moment, and nothing that begins later: one of several meets it.
stopped = threading.Event()


def cancel():
    while not stopped.wait(0.05):
        large.cancel()


canceller = threading.Thread(target=cancel)
canceller.start()
try:
    refused(6, "cancelled", lambda: [large.segment(data) for _ in range(100)])
finally:
    stopped.set()
    canceller.join()
segmenter.close()
refused(1, "segmenter", lambda: segmenter.segment(data))
print("all hold")
