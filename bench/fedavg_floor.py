#!/usr/bin/env python3
"""The arithmetic of a FedAvg round and nothing else, as a floor: unpack and add up the reports of a round, divide, add to the global vector.

  python3 bench/fedavg_floor.py [devices 1000] [coordinates 25600]
"""
import sys, time
import numpy as np

devices = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
count = int(sys.argv[2]) if len(sys.argv) > 2 else 25600
reports = [np.random.randint(0, 2**32, count, dtype=np.uint32).tobytes() for _ in range(devices)]
times = []
for _ in range(5):
    start = time.perf_counter()
    total = np.zeros(count, np.uint32)
    for report in reports:
        total += np.frombuffer(report, np.uint32)
    vector = np.zeros(count, np.float32) + total.view(np.int32).astype(np.float32) / 1000 / devices
    times.append(time.perf_counter() - start)
print(f"{devices} reports of {4 * count / 1024:.0f} KiB: median {sorted(times)[2] * 1000:.1f} ms")
