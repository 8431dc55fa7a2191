"""What holds for every test: one thread in each numerical library, set before any of them is loaded."""

import os

for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
