"""Kills a training at twenty moments as by kill -9, resumes it, and compares it with an undisturbed twin, to the bit.

python benchmarks/kill_resume.py [--kills 20]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from helpers_learn import content, in_process, killed_at, order, train_once, write_pictures

# Where a kill strikes, and how often that place is reached in a run (27 steps, 3 epochs, a checkpoint a step).
PLACES = {"step": 27, "fsync": 30, "replace": 30, "note": 3, "keep": 3}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--kills", type=int, default=20)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        data = write_pictures(root / "data")
        in_process(train_once, order(data, root / "twin"))
        twin, same = content(root / "twin"), 0
        for number in range(options.kills):
            where = list(PLACES)[number % len(PLACES)]
            count = 1 + number * 7 % PLACES[where]
            mine = order(data, root / str(number))
            died = in_process(killed_at, mine, where, count)
            ended = in_process(train_once, mine, True)
            equal = died == -9 and ended == 0 and content(root / str(number)) == twin
            same += equal
            print(f"kill {number + 1:2}: at {where} {count:2}: {'the same to the bit' if equal else 'DIFFERENT'}", flush=True)
        print(f"{same} of {options.kills} resumed runs are bit-identical")
        sys.exit(same != options.kills)


if __name__ == "__main__":
    main()
