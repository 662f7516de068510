# SPDX-License-Identifier: MIT
"""An array library of its own that speaks DLPack through ctypes: every field of the protocol can be set, and it counts
how often its memory is given back."""

import ctypes

import numpy as np


class _Device(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int32), ("index", ctypes.c_int32)]


class _Type(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16)]


class _Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device", _Device),
        ("rank", ctypes.c_int32),
        ("type", _Type),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


_deleter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class _Managed(ctypes.Structure):
    _fields_ = [("tensor", _Tensor), ("context", ctypes.c_void_p), ("deleter", _deleter)]


class _Versioned(ctypes.Structure):
    _fields_ = [
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("context", ctypes.c_void_p),
        ("deleter", _deleter),
        ("flags", ctypes.c_uint64),
        ("tensor", _Tensor),
    ]


_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]

KINDS = {"b": 6, "i": 0, "u": 1, "f": 2, "c": 5}


class Exporter:
    """A view of a NumPy array. Its capsules have no destructor: what is not given back by the consumer never is.

    lent: capsules handed out. returned: how often their deleters ran. Keyword arguments override what a capsule says.
    """

    def __init__(
        self,
        array,
        versioned=True,
        flags=0,
        device=(1, 0),
        inside=None,
        dtype=None,
        dense=False,
        offset=0,
        major=1,
        fails=None,
    ):
        self.array, self.versioned, self.flags, self.device = array, versioned, flags, device
        self.inside, self.dtype, self.dense, self.offset = inside or device, dtype, dense, offset
        self.major, self.fails = major, fails
        self.lent = self.returned = 0
        self.asked = []
        self._alive = []

    def __dlpack_device__(self):
        return self.device

    def _fill(self, tensor):
        a = self.array
        integers = ctypes.c_int64 * max(a.ndim, 1)
        shape = integers(*a.shape)
        strides = integers(*(s // a.itemsize for s in a.strides))
        self._alive += [shape, strides]
        tensor.data = a.ctypes.data - self.offset
        tensor.byte_offset = self.offset
        tensor.device = _Device(*self.inside)
        tensor.rank = a.ndim
        tensor.type = _Type(*(self.dtype or (KINDS[a.dtype.kind], 8 * a.itemsize, 1)))
        tensor.shape = shape
        tensor.strides = None if self.dense else strides

    def _capsule(self, managed, name):
        def give_back(_):
            self.returned += 1

        managed.deleter = _deleter(give_back)
        self._alive += [managed, managed.deleter]
        self.lent += 1
        return _new_capsule(ctypes.addressof(managed), name, None)


class Versioned(Exporter):
    """DLPack 1.0: can say that its memory is read-only."""

    def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None):
        self.asked.append((stream, max_version))
        if self.fails is not None:
            raise self.fails
        if max_version is None or max_version[0] < 1:
            managed = _Managed()
            self._fill(managed.tensor)
            return self._capsule(managed, b"dltensor")
        managed = _Versioned(major=self.major, minor=0, flags=self.flags)
        self._fill(managed.tensor)
        return self._capsule(managed, b"dltensor_versioned")


class Legacy(Exporter):
    """DLPack before 1.0: does not know `max_version`. Writable where the class has __setitem__."""

    def __dlpack__(self, stream=None):
        self.asked.append((stream, None))
        if self.fails is not None:
            raise self.fails
        managed = _Managed()
        self._fill(managed.tensor)
        return self._capsule(managed, b"dltensor")

    def __setitem__(self, key, value):
        self.array[key] = value


class LegacyImmutable(Exporter):
    __dlpack__ = Legacy.__dlpack__


class Namespaced(Versioned):
    """Has an array namespace, whose from_dlpack makes arrays of the kind."""

    made = []

    def __array_namespace__(self, api_version=None):
        return Namespaced

    @staticmethod
    def from_dlpack(x):
        Namespaced.made.append(x)
        return Namespaced(np.from_dlpack(x))
