"""Gives numerical libraries their threads back: the parent must have none when it forks."""
import ctypes
import os
import sys

POOLS = {  # library's name: its setter's names
    "openblas": ("scipy_openblas_set_num_threads64_", "scipy_openblas_set_num_threads",
                 "openblas_set_num_threads64_", "openblas_set_num_threads"),
    "libgomp": ("omp_set_num_threads",),
    "libomp": ("omp_set_num_threads",),
    "libiomp": ("omp_set_num_threads",),
}
VARIABLES = "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"


def libraries():
    with open("/proc/self/maps") as maps:
        return {line.split(None, 5)[5].strip() for line in maps if ".so" in line}


def setters():
    for path in sorted(libraries()):
        for library, names in POOLS.items():
            if library not in os.path.basename(path):
                continue
            loaded = ctypes.CDLL(path)
            found = [getattr(loaded, name) for name in names if hasattr(loaded, name)]
            yield from found[:1]


def wished():
    """Returns as many as the owner says, or as there are CPUs."""
    for name in VARIABLES:
        if os.environ.get(name, "").isdecimal():
            return int(os.environ[name])
    return len(os.sched_getaffinity(0))


class Pools:
    """The setters of libraries' thread pools, found once, in the parent."""

    def __init__(self):
        self.setters = list(setters())

    def restore(self):
        if not self.setters and "torch" not in sys.modules:
            return
        threads = wished()
        for setter in self.setters:
            setter(threads)
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(threads)
