"""Makes tests/data/dicom/read: small DICOM files from the sample radiograph, and what a reader should show of them.

Run with Debian's python3-pydicom, python3-numpy, python3-opencv and dcmtk. cases.tsv names, for each case, the file, width, height,
channels, bits, the largest difference allowed, the options (voi, invert, frame or 0) and where in expected.bin the samples start
(rows of interleaved samples, 1 byte each for 8 bits, else 2 bytes little endian). Modality and VOI are pydicom's; decoded pixels are
those that were encoded (lossless, checked against dcmtk's decoders) or dcmtk's own decoding (lossy). Windows are also checked
against dcm2pnm.
"""
import os, shutil, subprocess, tempfile
import cv2, numpy as np, pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset, write_file_meta_info
from pydicom.pixel_data_handlers.util import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence

here = os.path.dirname(os.path.abspath(__file__))
out = os.path.join(here, "read")
shutil.rmtree(out, ignore_errors=True)
os.makedirs(out)
work = tempfile.mkdtemp()
W, H = 61, 47
film = cv2.imread(os.path.join(here, "..", "..", "..", "samples", "radiograph.png"), cv2.IMREAD_GRAYSCALE)
film = cv2.resize(film.astype(np.float32), (W, H), interpolation=cv2.INTER_AREA)
grain = np.random.default_rng(11).normal(0, 1, (H, W))
grey8 = np.clip(film + 0.5, 0, 255).astype(np.uint8)
grey12 = np.clip(film * 15 + 100 + 4 * grain, 0, 4095).astype(np.uint16)
grey16 = np.clip(film * 250 + 700 + 40 * grain, 0, 65535).astype(np.uint16)
signed12 = (grey12.astype(np.int32) - 1500).clip(-2048, 2047).astype(np.int16)
signed16 = (grey16.astype(np.int32) - 30000).astype(np.int16)
flat8 = (np.round(film / 64) * 64).clip(0, 255).astype(np.uint8)
flat16 = flat8.astype(np.uint16) * 257
rgb = np.stack([grey8, np.roll(grey8, 5, 0), 255 - grey8], 2)
rows, blob, seen = [], bytearray(), {}


def path(name):
    return os.path.join(out, name + ".dcm")


def dataset(pixels, stored, photometric="MONOCHROME2", **tags):
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    ds.is_little_endian, ds.is_implicit_VR = True, False
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    ds.SOPInstanceUID = "1.2.826.0.1.3680043.8.498.1"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.826.0.1.3680043.8.498.2", "1.2.826.0.1.3680043.8.498.3"
    ds.StudyDate, ds.StudyTime, ds.AccessionNumber, ds.StudyID = "20200102", "030405", "A1", "S1"
    ds.Modality, ds.PresentationIntentType, ds.ViewPosition, ds.BodyPartExamined = "DX", "FOR PRESENTATION", "PA", "CHEST"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = "Sjögren^Åsa", "P1", "19700101", "F"
    ds.ReferringPhysicianName = "Doe^Jane"
    ds.PatientOrientation = ["L", "F"]
    ds.ImagerPixelSpacing = [0.2, 0.2]
    ds.EstimatedRadiographicMagnificationFactor = "1.25"
    # Sequences that a reader walks over: nested, of defined and of undefined length.
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "R-10214", "SRT", "postero-anterior"
    modifier = Dataset()
    modifier.ViewModifierCodeSequence = Sequence([])
    modifier.ViewModifierCodeSequence.is_undefined_length = True
    code.ViewModifierCodeSequence = Sequence([modifier])
    code.is_undefined_length_sequence_item = True
    ds.ViewCodeSequence = Sequence([code])
    ds["ViewCodeSequence"].is_undefined_length = True
    ds.AnatomicRegionSequence = Sequence([Dataset(code)])
    frames = tags.pop("frames", 1)
    image = pixels if frames == 1 else pixels[0]
    if frames > 1:
        ds.NumberOfFrames = frames
    ds.Rows, ds.Columns = image.shape[:2]
    ds.SamplesPerPixel = 1 if image.ndim == 2 else image.shape[2]
    ds.PhotometricInterpretation = photometric
    if ds.SamplesPerPixel == 3:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = pixels.dtype.itemsize * 8, stored, stored - 1
    ds.PixelRepresentation = 1 if pixels.dtype.kind == "i" else 0
    for key, value in tags.items():
        setattr(ds, key, value)
    ds.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    ds["PixelData"].VR = "OW" if ds.BitsAllocated == 16 else "OB"
    return ds


def save(name, ds):
    ds.save_as(path(name), write_like_original=False)
    return name


def convert(tool, source, name, *options):
    subprocess.run([tool, *options, path(source), path(name)], check=True)
    return name


def decoded(tool, name):
    target = os.path.join(work, "decoded.dcm")
    subprocess.run([tool, path(name), target], check=True)
    return pydicom.dcmread(target).pixel_array


def quantize(unit, bits):
    return np.floor(np.clip(unit, 0, 1) * (2**bits - 1) + 0.5).astype(np.uint8 if bits == 8 else np.uint16)


def look_up(sequence, values):
    """pydicom takes tables of 8 and 16 bits only."""
    count, first, _ = sequence[0].LUTDescriptor
    entries = np.frombuffer(sequence[0].LUTData, "<u2") if len(sequence[0].LUTData) >= 2 * count else np.frombuffer(sequence[0].LUTData, "u1")
    return entries[np.clip(values.astype(np.int64) - first, 0, count - 1)]


def shown(ds, pixels, voi="auto", invert="auto"):
    """The grey-scale chain by pydicom; pixels are stored values."""
    values = (look_up(ds.ModalityLUTSequence, pixels) if "ModalityLUTSequence" in ds else apply_modality_lut(pixels, ds)).astype(np.float64)
    padding = np.zeros(pixels.shape, bool)
    if "PixelPaddingValue" in ds:
        ends = sorted([ds.PixelPaddingValue, ds.get("PixelPaddingRangeLimit", ds.PixelPaddingValue)])
        padding = (pixels >= ends[0]) & (pixels <= ends[1])
    low, high = (0, 2**ds.BitsStored - 1) if ds.PixelRepresentation == 0 else (-(2 ** (ds.BitsStored - 1)), 2 ** (ds.BitsStored - 1) - 1)
    depth = ds.BitsStored
    if "ModalityLUTSequence" in ds:
        depth = ds.ModalityLUTSequence[0].LUTDescriptor[2]
        low, high = 0, 2**depth - 1
    elif "RescaleSlope" in ds:
        low, high = low * ds.RescaleSlope + ds.RescaleIntercept, high * ds.RescaleSlope + ds.RescaleIntercept
    if voi == "auto" and "VOILUTSequence" in ds:
        bits = ds.VOILUTSequence[0].LUTDescriptor[2]
        unit = look_up(ds.VOILUTSequence, values.astype(np.int64)) / (2**bits - 1)
        depth = max(depth, bits)
    elif voi == "auto" and "WindowWidth" in ds:
        unit = (apply_voi_lut(values, ds) - low) / (high - low)
    elif voi == "none" or (voi == "auto" and depth <= 8):
        unit = (values - low) / (high - low)
    else:
        low, high = values[~padding].min(), values[~padding].max()
        unit = (values - low) / (high - low)
    inverse = ds.PhotometricInterpretation == "MONOCHROME1" or ds.get("PresentationLUTShape") == "INVERSE"
    if {"auto": inverse, "on": True, "off": False}[invert]:
        unit = 1 - unit
    unit = np.where(padding, 0, unit)
    return quantize(unit, 8 if depth <= 8 else 16)


def case(name, samples, tolerance=0, voi="auto", invert="auto", frame=0):
    samples = np.ascontiguousarray(samples)
    data = samples.tobytes()
    if data not in seen:
        seen[data] = len(blob)
        blob.extend(data)
    channels = 1 if samples.ndim == 2 else 3
    rows.append((name + ".dcm", samples.shape[1], samples.shape[0], channels, samples.dtype.itemsize * 8, tolerance, voi, invert, frame, seen[data]))


def grey(name, ds, pixels, **options):
    case(save(name, ds), shown(ds, pixels, **options), **options)
    return ds


def like_dcm2pnm(name, window="+Wi"):
    """dcmtk cuts fractions off where we round, so one level may lie between; it scales a 10-bit table by 64, not 65535 / 1023."""
    target = os.path.join(work, "shown.png")
    subprocess.run(["dcm2pnm", "+on2", *([window, "1"] if window else []), path(name), target], check=True)
    ours = shown(pydicom.dcmread(path(name)), pydicom.dcmread(path(name)).pixel_array).astype(int)
    theirs = cv2.imread(target, cv2.IMREAD_UNCHANGED).astype(int)
    scale = 1 if ours.max() > 255 else 257
    worst = abs(ours * scale - theirs).max()
    print(name, "against dcm2pnm:", worst, "of 65535")
    assert worst <= (64 if window == "+Wl" else scale)


# Transfer syntaxes, native.
base12 = grey("native12", dataset(grey12, 12), grey12)
base8 = grey("native8", dataset(grey8, 8), grey8)
base16 = grey("native16", dataset(grey16, 16), grey16)
base_signed12 = grey("signed12", dataset(signed12, 12), signed12)
base_signed16 = grey("signed16", dataset(signed16, 16), signed16)
save("flat8", dataset(flat8, 8)), save("flat16", dataset(flat16, 16))
case("flat8", flat8), case("flat16", shown(dataset(flat16, 16), flat16))
expect12, expect16 = shown(base12, grey12), shown(base16, grey16)
for suffix, option in (("implicit", "+ti"), ("big", "+tb"), ("deflated", "+td")):
    case(convert("dcmconv", "native12", "native12_" + suffix, option), expect12)
    case(convert("dcmconv", "native8", "native8_" + suffix, option), grey8)
for suffix, option in (("implicit", "+ti"), ("explicit", "+te"), ("big", "+tb")):
    case(convert("dcmconv", "native12", "bare12_" + suffix, "-F", option), expect12)
case(convert("dcmconv", "native12", "lengths_defined", "-e"), expect12)
case(convert("dcmconv", "native12", "lengths_undefined", "+e"), expect12)
word8 = dataset(grey8, 8)
word8["PixelData"].VR = "OW"
case(convert("dcmconv", save("native8_word", word8), "native8_word_big", "+tb"), grey8)
case("native8_word", grey8)
mislabelled = pydicom.dcmread(path("native12_implicit"))
mislabelled.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
mislabelled.is_implicit_VR, mislabelled.is_little_endian = True, True
buffer = DicomBytesIO()
buffer.is_little_endian, buffer.is_implicit_VR = True, True
buffer.write(b"\0" * 128 + b"DICM")
write_file_meta_info(buffer, mislabelled.file_meta, enforce_standard=False)
write_dataset(buffer, mislabelled)
with open(path("mislabelled_implicit"), "wb") as f:
    f.write(buffer.getvalue())
case("mislabelled_implicit", expect12)

# Where the bits lie.
high = dataset((grey12 << 4 | (grey12 & 15)).astype(np.uint16), 12, HighBit=15)
grey("highbit15", high, grey12)
grey("overlay_bits", dataset((grey12 | (grey12 & 3) << 13).astype(np.uint16), 12), grey12)
grey("signed12_cleared", dataset((signed12.view(np.uint16) & 0xFFF).astype(np.uint16), 12, PixelRepresentation=1), signed12)

# The grey-scale chain.
for name, function in (("linear", "LINEAR"), ("exact", "LINEAR_EXACT"), ("sigmoid", "SIGMOID"), ("default", None)):
    ds = dataset(grey12, 12, WindowCenter="1900.3", WindowWidth="2011")
    if function:
        ds.VOILUTFunction = function
    grey("window_" + name, ds, grey12)
    if name != "exact":
        like_dcm2pnm("window_" + name)
case("window_linear", shown(base12, grey12, voi="none"), voi="none")
case("window_linear", expect12, voi="minmax")
case("window_linear", shown(ds, grey12, invert="on"), invert="on")
grey("windows_two", dataset(grey12, 12, WindowCenter=["1500", "2000"], WindowWidth=["1801", "100"]), grey12)
grey("window_signed_rescale", dataset(signed12, 12, RescaleSlope="2", RescaleIntercept="-100", WindowCenter="300", WindowWidth="3301"), signed12)
like_dcm2pnm("window_signed_rescale")
grey("window8", dataset(grey8, 8, WindowCenter="120", WindowWidth="150"), grey8)
like_dcm2pnm("window8")
grey("rescale_negative", dataset(grey12, 12, RescaleSlope="-1", RescaleIntercept="4095"), grey12)
grey("mono1_8", dataset(grey8, 8, "MONOCHROME1"), grey8)
case("mono1_8", grey8, invert="off")
like_dcm2pnm("mono1_8", None)
grey("mono1_window", dataset(grey12, 12, "MONOCHROME1", WindowCenter="1900", WindowWidth="2001", PresentationLUTShape="INVERSE"), grey12)
like_dcm2pnm("mono1_window")
grey("mono2_inverse", dataset(grey12, 12, PresentationLUTShape="INVERSE"), grey12)


def table(first, bits, entries, vr, packed=False):
    item = Dataset()
    item.add_new("LUTDescriptor", vr, [len(entries) % 65536, first, bits])
    item.LUTExplanation = "curve"
    item.add_new("LUTData", "OW", np.array(entries, "u1").tobytes() if packed else np.array(entries, "<u2").tobytes())
    return Sequence([item])


curve = np.round(1023 * np.sqrt(np.arange(3000) / 2999)).astype(int)
grey("modality_lut", dataset(grey12, 12, ModalityLUTSequence=table(200, 10, curve, "US")), grey12, voi="none")
case("modality_lut", shown(pydicom.dcmread(path("modality_lut")), grey12))
grey("voi_lut", dataset(grey12, 12, VOILUTSequence=table(200, 10, curve, "US"), WindowCenter="7", WindowWidth="9"), grey12)
like_dcm2pnm("voi_lut", "+Wl")
for suffix, option in (("implicit", "+ti"), ("big", "+tb"), ("deflated", "+td")):
    convert("dcmconv", "voi_lut", "voi_lut_" + suffix, option)
    case("voi_lut_" + suffix, shown(pydicom.dcmread(path("voi_lut")), grey12))
grey("voi_lut_signed", dataset(signed12, 12, VOILUTSequence=table(-1200, 16, curve * 64, "SS")), signed12)
packed = dataset(grey8, 8, VOILUTSequence=table(10, 8, curve[:200] // 4, "US", packed=True))
plain = dataset(grey8, 8, VOILUTSequence=table(10, 8, curve[:200] // 4, "US"))
case(save("voi_lut_packed", packed), shown(plain, grey8))
case(convert("dcmconv", "voi_lut_packed", "voi_lut_packed_big", "+tb"), shown(plain, grey8))
bordered = grey12.copy()
bordered[:5], bordered[:, -7:] = 4000, 0
grey("padding", dataset(bordered, 12, PixelPaddingValue=4000), bordered)
case("padding", shown(pydicom.dcmread(path("padding")), bordered, voi="none"), voi="none")
bordered[:3] = 3990
grey("padding_range", dataset(bordered, 12, "MONOCHROME1", PixelPaddingValue=4000, PixelPaddingRangeLimit=3990), bordered)

# Colour.
color = save("rgb", dataset(rgb, 8, "RGB"))
case("rgb", rgb), case("rgb", 255 - rgb, invert="on")
planar = dataset(rgb, 8, "RGB", PlanarConfiguration=1)
planar.PixelData = np.ascontiguousarray(rgb.transpose(2, 0, 1)).tobytes() + b"\0"
case(save("rgb_planar", planar), rgb)
case(save("rgb16", dataset(rgb.astype(np.uint16) * 255, 16, "RGB")), rgb.astype(np.uint16) * 255)


def to_ycc(image):
    r, g, b = (image[..., i].astype(float) for i in range(3))
    y = 0.299 * r + 0.587 * g + 0.114 * b
    return np.clip(np.round(np.stack([y, 128 + (b - y) / 1.772, 128 + (r - y) / 1.402], 2)), 0, 255).astype(np.uint8)


def from_ycc(image):
    y, cb, cr = (image[..., i].astype(float) - (128 if i else 0) for i in range(3))
    return np.clip(np.round(np.stack([y + 1.402 * cr, y - 0.344136286 * cb - 0.714136286 * cr, y + 1.772 * cb], 2)), 0, 255).astype(np.uint8)


ycc = to_ycc(rgb)
case(save("ybr", dataset(ycc, 8, "YBR_FULL")), from_ycc(ycc), tolerance=1)
even = ycc[:, :60]
halved = np.stack([even[:, 0::2, 0], even[:, 1::2, 0], even[:, 0::2, 1], even[:, 0::2, 2]], 2)
ds = dataset(even, 8, "YBR_FULL_422")
ds.PixelData = np.ascontiguousarray(halved).tobytes()
shared = even.copy()
shared[:, 1::2, 1:] = shared[:, 0::2, 1:]
case(save("ybr422", ds), from_ycc(shared), tolerance=1)
ds = dataset(grey8, 8, "PALETTE COLOR")
for i, key in enumerate(("Red", "Green", "Blue")):
    ds.add_new(key + "PaletteColorLookupTableDescriptor", "US", [256, 0, 16])
    ds.add_new(key + "PaletteColorLookupTableData", "OW", (np.roll(np.arange(256), 40 * i).astype("<u2") * 200).tobytes())
case(save("palette", ds), apply_color_lut(grey8, ds))

# RLE.
for name, pixels, samples in (("native8", grey8, grey8), ("native12", grey12, expect12), ("signed16", signed16, shown(base_signed16, signed16)),
                              ("flat16", flat16, shown(dataset(flat16, 16), flat16)), ("rgb", rgb, rgb)):
    case(convert("dcmcrle", name, "rle_" + name), samples)
    assert np.array_equal(decoded("dcmdrle", "rle_" + name), pixels)

# Lossy JPEG: what dcmtk decodes, exactly: its transform is libjpeg's, and so is ours.
def lossy(source, name, *options):
    convert("dcmcjpeg", source, name, "+un", *options)
    pixels = decoded("dcmdjpeg", name)
    ds = pydicom.dcmread(path(name))
    if pixels.ndim == 3:
        case(name, pixels)
    else:
        case(name, shown(ds, pixels, voi="none"), voi="none")


lossy("native8", "jpeg_baseline", "+eb", "+q", "85")
lossy("native8", "jpeg_progressive", "+ep", "+q", "90")
lossy("native12", "jpeg_extended12", "+ee", "+q", "95", "+bt")
for quality in ("50", "80", "100"):
    lossy("native12", "jpeg_extended12_q" + quality, "+ee", "+q", quality, "+bt")
lossy("rgb", "jpeg_baseline_ybr444", "+eb", "+q", "90", "+s4")
lossy("rgb", "jpeg_baseline_ybr422", "+eb", "+q", "90")
lossy("rgb", "jpeg_baseline_rgb", "+eb", "+q", "90", "+cr")

# Lossless JPEG.
for predictor in range(1, 8):
    for source, samples, pixels in (("native12", expect12, grey12), ("signed16", shown(base_signed16, signed16), signed16)):
        name = f"lossless{predictor}_{source}"
        case(convert("dcmcjpeg", source, name, "+el", "+sv", str(predictor)), samples)
        assert np.array_equal(decoded("dcmdjpeg", name), pixels)
for source, samples in (("native8", grey8), ("native16", expect16), ("signed12", shown(base_signed12, signed12)), ("rgb", rgb), ("rgb_planar", rgb), ("flat8", flat8)):
    case(convert("dcmcjpeg", source, "sv1_" + source, "+e1"), samples)
convert("dcmcjpeg", "native12", "lossless4_shifted", "+el", "+sv", "4", "+pt", "2", "+un")
pixels = decoded("dcmdjpeg", "lossless4_shifted")
assert np.array_equal(pixels, grey12 >> 2 << 2)
case("lossless4_shifted", shown(base12, pixels))

# JPEG-LS.
for source, samples, pixels in (("native8", grey8, grey8), ("native12", expect12, grey12), ("native16", expect16, grey16),
                                ("signed16", shown(base_signed16, signed16), signed16),
                                ("flat8", flat8, flat8), ("flat16", shown(dataset(flat16, 16), flat16), flat16)):
    case(convert("dcmcjpls", source, "ls_" + source, "+el"), samples)
    assert np.array_equal(decoded("dcmdjpls", "ls_" + source), pixels)
for suffix, option in (("line", "+il"), ("sample", "+is"), ("none", "+in")):
    case(convert("dcmcjpls", "rgb", "ls_rgb_" + suffix, "+el", option), rgb)
case(convert("dcmcjpls", "native12", "ls_cooked", "+el", "+pc"), expect12)
case(convert("dcmcjpls", "native12", "ls_thresholds", "+el", "+pc", "+t1", "9", "+t2", "31", "+t3", "90", "+rs", "20"), expect12)
for source, deviation in (("native8", 2), ("native8", 7), ("native12", 3), ("native16", 5), ("flat8", 2)):
    name = f"ls_near{deviation}_{source}"
    convert("dcmcjpls", source, name, "+en", "+md", str(deviation), "+un")
    pixels = decoded("dcmdjpls", name)
    case(name, shown(pydicom.dcmread(path(source)), pixels, voi="none"), voi="none")
for suffix, option in (("line", "+il"), ("sample", "+is")):
    convert("dcmcjpls", "rgb", "ls_near2_rgb_" + suffix, "+en", "+md", "2", "+un", option)
    case("ls_near2_rgb_" + suffix, decoded("dcmdjpls", "ls_near2_rgb_" + suffix))

# Frames and fragments.
stack = np.stack([grey12, np.roll(grey12, 9, 1), grey12[::-1]])
ds = dataset(stack, 12, frames=3)
save("frames", ds)
subsets = [("frames", None, ()), ("frames_rle", "dcmcrle", ()), ("frames_fragments", "dcmcjpeg", ("+fs", "1")),
           ("frames_no_table", "dcmcjpeg", ("-ot",)), ("frames_fragments_no_table", "dcmcjpeg", ("+fs", "1", "-ot")), ("frames_ls", "dcmcjpls", ())]
for name, tool, options in subsets:
    if tool:
        convert(tool, "frames", name, *options)
    for frame in (1, 2, 3):
        case(name, shown(base12, stack[frame - 1]), frame=frame)

with open(os.path.join(here, "cases.tsv"), "w") as f:
    f.writelines("\t".join(map(str, row)) + "\n" for row in rows)
with open(os.path.join(here, "expected.bin"), "wb") as f:
    f.write(blob)
shutil.rmtree(work)
print(len(rows), "cases,", len(blob), "bytes expected,", sum(os.path.getsize(os.path.join(out, n)) for n in os.listdir(out)), "bytes of files")
