"""Finds the lungs in frontal chest X-rays. For research use only: not a medical device.

    import lungseg
    with lungseg.Segmenter() as segmenter:
        result = segmenter.segment("chest.dcm")
    result.mask            # uint8, height x width: 255 lung, 0 else
    result.probabilities   # float32, before threshold and clean-up

Several threads may share a Segmenter; it computes without Python's global lock.
"""
from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import NamedTuple, Union

import numpy as np
from numpy.typing import NDArray

__all__ = ["Error", "Lung", "Result", "Segmenter", "version"]

_ABI = 1
_size, _i32, _f64, _pointer, _text = ctypes.c_size_t, ctypes.c_int32, ctypes.c_double, ctypes.c_void_p, ctypes.c_char_p


class _Options(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_uint32), ("abi", ctypes.c_uint32), ("network", _text), ("weights_file", _text), ("weights", _pointer),
        ("weights_size", _size), ("device", _text), ("precision", _text), ("memory_limit", ctypes.c_int64), ("threads", _i32),
        ("images", _i32), ("network_size", _i32), ("study_mode", _i32), ("threshold", ctypes.c_float), ("keep_contrast", _i32),
    ]


class _Image(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_uint32), ("format", ctypes.c_uint32), ("data", _pointer), ("data_size", _size), ("width", _i32),
        ("height", _i32), ("channels", _i32), ("bits", _i32), ("stride", _size),
    ]


class _Lung(ctypes.Structure):
    _fields_ = [
        ("parts", _i32), ("area", _i32), ("left", _i32), ("top", _i32), ("right", _i32), ("bottom", _i32), ("center_x", _f64), ("center_y", _f64),
    ]


class _Statistics(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_uint32), ("width", _i32), ("height", _i32), ("area", _i32), ("probability_width", _i32), ("probability_height", _i32),
        ("right", _Lung), ("left", _Lung), ("row_mm", _f64), ("column_mm", _f64), ("read_ms", _f64), ("preprocess_ms", _f64),
        ("network_ms", _f64), ("postprocess_ms", _f64), ("flags", _i32),
    ]


def _load() -> ctypes.CDLL:
    name = "liblungseg.dll" if sys.platform == "win32" else "liblungseg.so"
    library = ctypes.CDLL(os.environ.get("LUNGSEG_LIBRARY") or str(Path(__file__).with_name(name)))
    for name, result, parameters in [
        ("abi", ctypes.c_uint32, []),
        ("version", _size, [_text, _size]),
        ("error", _size, [_text, _size]),
        ("flags", _size, [_pointer, _text, _size]),
        ("create", _i32, [ctypes.POINTER(_Options), ctypes.POINTER(_pointer)]),
        ("segment", _i32, [_pointer, ctypes.POINTER(_Image), ctypes.POINTER(_pointer)]),
        ("measure", _i32, [_pointer, ctypes.POINTER(_Statistics)]),
        ("mask", _i32, [_pointer, _pointer, _size]),
        ("probabilities", _i32, [_pointer, _pointer, _size]),
        ("cancel", _i32, [_pointer]),
        ("release", _i32, [_pointer]),
        ("destroy", _i32, [_pointer]),
    ]:
        function = getattr(library, f"lungseg_{name}")
        function.restype, function.argtypes = result, parameters
    return library


_library = _load()


class Error(RuntimeError):
    """What the library refused, in one line; ``status`` is a lungseg_status of lungseg.h."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Lung(NamedTuple):
    """One of the patient's lungs in pixels; right and bottom are exclusive."""

    parts: int
    area: int
    left: int
    top: int
    right: int
    bottom: int
    center_x: float
    center_y: float


class Result(NamedTuple):
    """What was found in one image."""

    mask: NDArray[np.uint8]
    """Height x width: 255 lung, 0 else."""
    probabilities: NDArray[np.float32]
    """Before threshold and clean-up."""
    right: Lung | None
    """The patient's right lung, None where none was found."""
    left: Lung | None
    spacing_mm: tuple[float, float] | None
    """Row and column distance of the mask's pixels, None where the image does not say."""
    flags: list[str]
    """What a person should look at."""
    milliseconds: dict[str, float]
    """How long reading, preprocessing, network and postprocessing took."""


def _string(copy) -> str:
    text = ctypes.create_string_buffer(copy(None, 0))
    copy(text, len(text))
    return text.value.decode()


def _check(status: int) -> None:
    if status != 0:
        raise Error(status, _string(_library.lungseg_error))


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def version() -> str:
    """The library's version, and the vectors that it uses on this processor."""
    return _string(_library.lungseg_version)


class Segmenter:
    """A network with its weights: without arguments the default network, on all processors."""

    def __init__(
        self,
        network: str | None = None,
        weights: Union[str, os.PathLike[str], bytes, None] = None,
        *,
        device: str | None = None,
        precision: str | None = None,
        threads: int = 0,
        images: int = 1,
        memory_limit: int = 0,
        network_size: int = 0,
        threshold: float = 0.5,
        study_mode: bool = False,
        stretch_contrast: bool = True,
    ) -> None:
        """``weights`` is a file's path or its bytes; ``images`` may be segmented side by side by as many threads."""
        self._handle = _pointer()
        options = _Options(
            ctypes.sizeof(_Options), _ABI, network=_bytes(network), device=_bytes(device), precision=_bytes(precision), threads=threads,
            images=images, memory_limit=memory_limit, network_size=network_size, threshold=threshold, study_mode=study_mode,
            keep_contrast=not stretch_contrast)
        if isinstance(weights, bytes):
            options.weights, options.weights_size = ctypes.cast(weights, _pointer), len(weights)
        elif weights is not None:
            options.weights_file = os.fsencode(weights)
        _check(_library.lungseg_create(ctypes.byref(options), ctypes.byref(self._handle)))

    def segment(self, image: Union[str, os.PathLike[str], bytes, NDArray], *, bits: int = 0) -> Result:
        """Segments a file (DICOM, PNG and so on), a file's bytes, or an array of height x width (x 3): uint8, uint16 of ``bits`` bits, or float from 0 to 1.

        Bright means dense. Arrays are read where they are unless their pixels are not side by side.
        """
        described = _Image(ctypes.sizeof(_Image))
        if isinstance(image, np.ndarray):
            kept = self._describe(described, image, bits)
        else:
            kept = image if isinstance(image, bytes) else Path(image).read_bytes()
            described.data, described.data_size = ctypes.cast(kept, _pointer), len(kept)
        handle = _pointer()
        _check(_library.lungseg_segment(self._handle, ctypes.byref(described), ctypes.byref(handle)))
        del kept
        try:
            return self._result(handle)
        finally:
            _library.lungseg_release(handle)

    def cancel(self) -> None:
        """Ends the calls of segment that other threads have begun: they raise an Error of status 6."""
        _check(_library.lungseg_cancel(self._handle))

    def close(self) -> None:
        """Frees the network once no call uses it."""
        handle, self._handle = self._handle, _pointer()
        _library.lungseg_destroy(handle)

    def __enter__(self) -> Segmenter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self.close()

    @staticmethod
    def _describe(described: _Image, image: NDArray, bits: int) -> NDArray:
        if image.dtype == np.float64:
            image = image.astype(np.float32)
        formats = {np.dtype(np.uint8): 1, np.dtype(np.uint16): 2, np.dtype(np.float32): 3}
        if image.dtype not in formats or image.ndim not in (2, 3) or image.size == 0:
            raise ValueError(f"an array of height x width (x 3) of uint8, uint16 or float expected, {image.dtype} {image.shape} found")
        channels = 1 if image.ndim == 2 else image.shape[2]
        row = image.shape[1] * channels * image.itemsize
        dense = image.strides[1] == channels * image.itemsize and (image.ndim == 2 or image.strides[2] == image.itemsize)
        if not dense or image.strides[0] < row or image.strides[0] % image.itemsize:
            image = np.ascontiguousarray(image)
        described.format = formats[image.dtype]
        described.data, described.data_size = image.ctypes.data, image.strides[0] * (image.shape[0] - 1) + row
        described.height, described.width, described.channels = image.shape[0], image.shape[1], channels
        described.bits, described.stride = bits, image.strides[0]
        return image

    @staticmethod
    def _result(handle: ctypes.c_void_p) -> Result:
        found = _Statistics(ctypes.sizeof(_Statistics))
        _check(_library.lungseg_measure(handle, ctypes.byref(found)))
        mask = np.empty((found.height, found.width), np.uint8)
        _check(_library.lungseg_mask(handle, mask.ctypes.data, mask.size))
        probabilities = np.empty((found.probability_height, found.probability_width), np.float32)
        _check(_library.lungseg_probabilities(handle, probabilities.ctypes.data, probabilities.size))
        flags = _string(lambda text, size: _library.lungseg_flags(handle, text, size))

        def lung(side: _Lung) -> Lung | None:
            return Lung(*(getattr(side, name) for name in Lung._fields)) if side.parts else None

        return Result(
            mask, probabilities, lung(found.right), lung(found.left), (found.row_mm, found.column_mm) if found.row_mm else None,
            flags.split("\n") if flags else [],
            {"read": found.read_ms, "preprocess": found.preprocess_ms, "network": found.network_ms, "postprocess": found.postprocess_ms})
