"""What the tests share: one thread a process (two processes run them), and a cache that is thrown away."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
