"""How soon the command line answers, beside an empty Python and `import torch`; the best of several tries, wall and processor.

python benchmarks/start_up.py [--tries 7]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time

CALLS = {
    "python -c pass": ["-c", "pass"],
    "import torch": ["-c", "import torch"],
    "looksay --help": ["-m", "looksay", "--help"],
    "looksay systems": ["-m", "looksay", "systems"],
    "looksay look --wieghts x": ["-m", "looksay", "look", "--wieghts", "x"],
    "looksay train no-such": ["-m", "looksay", "trian"],
}


def once(arguments: list[str]) -> tuple[float, float]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    since = time.perf_counter()
    subprocess.run([sys.executable, *arguments], capture_output=True, check=False)
    wall = time.perf_counter() - since
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--tries", type=int, default=7)
    options = asked.parse_args()
    print(f"{'':28}{'wall s':>9}{'cpu s':>9}")
    for name, arguments in CALLS.items():
        found = [once(arguments) for _ in range(options.tries)]
        print(f"{name:28}{min(wall for wall, _ in found):9.3f}{min(cpu for _, cpu in found):9.3f}", flush=True)


if __name__ == "__main__":
    main()
