"""Asks NVIDIA's driver and TensorRT, through their C libraries, for what onnxruntime has not."""

from __future__ import annotations

import ctypes

_MAJOR, _MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_*, cuda.h
TENSORRT = ("libnvinfer.so.10", "libnvinfer.so.8")


def compute_capability() -> str | None:
    """Read the first GPU's compute capability, like "8.7" on an Orin; None without a driver or
    GPU."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    device, numbers = ctypes.c_int(), []
    if cuda.cuInit(0) != 0 or cuda.cuDeviceGet(ctypes.byref(device), 0) != 0:
        return None
    for attribute in (_MAJOR, _MINOR):
        value = ctypes.c_int()
        if cuda.cuDeviceGetAttribute(ctypes.byref(value), attribute, device) != 0:
            return None
        numbers.append(str(value.value))
    return ".".join(numbers)


def copy_in(address: int, source: int, size: int) -> None:
    """Copy `size` bytes of this process's memory to an address of the GPU's, which a library
    that runs on this thread gave. Returns when it is done. Raises OSError."""
    where = ctypes.c_uint64(address), ctypes.c_void_p(source), ctypes.c_size_t(size)
    if code := ctypes.CDLL("libcuda.so.1").cuMemcpyHtoD_v2(*where):
        raise OSError(f"the driver copied nothing to the GPU: cuMemcpyHtoD says {code}")


def tensorrt_version() -> str | None:
    """Read TensorRT's version, like "10.3.0"; None if none can be loaded."""
    for name in TENSORRT:
        try:
            number = int(ctypes.CDLL(name).getInferLibVersion())
        except OSError:
            continue
        # NvInferVersion.h: 10.3.0 is 100300; 8.6.1 was 8601.
        scale = 10_000 if number >= 100_000 else 1000
        major, rest = divmod(number, scale)
        return f"{major}.{rest // 100}.{rest % 100}"
    return None
