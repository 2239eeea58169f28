#!/usr/bin/env python3
"""LoRA training on a Q8_0 base (PersonaTune) against plain PyTorch on an f32 base, interleaved in one run.

  apt-get install python3-torch libopenblas0-openmp        # the peer, from Debian
  dotnet build -c Release bench/PersonaTune.Bench
  python3 bench/lora_vs_torch.py [--pairs 5] [--steps 8] [--shapes 15m,110m] [--out bench/results/lora-vs-torch.md]

Each pair runs the peer's script (../shared/bench/torch_lora_bench.py, tuned OpenBLAS) and then ours, each in its own process, so that a
drift of the machine's speed hits both. Ours runs with the trainer's default micro-batch. Printed: median over the pairs of tokens/s, of
the pairwise ratio, and of peak resident memory.
"""
import argparse, os, platform, re, statistics, subprocess, sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("PERSONATUNE_SHARED", ROOT.parent / "shared"))
BATCH = {"15m": 4, "110m": 2}


def cpu():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def flags():
    for line in open("/proc/cpuinfo"):
        if line.startswith("flags"):
            return set(line.split(":", 1)[1].split())
    return set()


def run(command, env=None):
    out = subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout
    speed = re.search(r"median [\d.]+ ms ([\d.]+) tok/s", out)
    memory = re.search(r"peak RSS ([\d.]+) MiB", out)
    if not speed or not memory:
        sys.exit(f"no figures in the output of {' '.join(map(str, command))}:\n{out}")
    return float(speed.group(1)), float(memory.group(1)), out.strip()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--pairs", type=int, default=5)
    p.add_argument("--steps", type=int, default=8)
    p.add_argument("--shapes", default="15m,110m")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--micro", type=int, help="tokens of a micro-batch of ours; default: the trainer's")
    p.add_argument("--kernels", help="OpenBLAS's kernels for the peer; default: SKYLAKEX with AVX-512, else HASWELL")
    p.add_argument("--out", type=Path)
    a = p.parse_args()
    # The peer's best kernels for this processor, whatever the environment says: a global OPENBLAS_CORETYPE made it 1.5 times slower once.
    env = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    env |= {"THREADS": str(a.threads), "OPENBLAS_CORETYPE": a.kernels or ("SKYLAKEX" if "avx512f" in flags() else "HASWELL")}
    peer = ["/usr/bin/python3", str(SHARED / "bench" / "torch_lora_bench.py"), "train"]
    ours = ["dotnet", str(ROOT / "bench/PersonaTune.Bench/bin/Release/net10.0/PersonaTune.Bench.dll"), "train"]
    lines = [f"LoRA rank 8 on q, k, v, o; sequence 256; {a.threads} threads; {cpu()}; commit "
             + subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip(),
             f"command: python3 bench/lora_vs_torch.py --pairs {a.pairs} --steps {a.steps} --shapes {a.shapes}{f' --micro {a.micro}' if a.micro else ''}{f' --kernels {a.kernels}' if a.kernels else ''}; peer BLAS kernels {env['OPENBLAS_CORETYPE']}",
             "", "| shape | batch | PyTorch f32, tokens/s | PersonaTune Q8_0, tokens/s | ratio (median of pairs, min-max) | PyTorch peak, MiB | PersonaTune peak, MiB | memory ratio |",
             "|---|---|---|---|---|---|---|---|"]
    for shape in a.shapes.split(","):
        torch, mine = [], []
        for i in range(a.pairs):
            torch.append(run(peer + [shape, "lora", str(a.steps)], env))
            mine.append(run(ours + [shape, "--batch", str(BATCH[shape]), "--seq", "256", "--steps", str(a.steps), "--threads", str(a.threads)] + (["--micro", str(a.micro)] if a.micro else [])))
            print(f"{shape} pair {i + 1}: {torch[-1][0]:.0f} vs {mine[-1][0]:.0f} tok/s, {torch[-1][1]:.0f} vs {mine[-1][1]:.0f} MiB", file=sys.stderr, flush=True)
        ratios = [m[0] / t[0] for t, m in zip(torch, mine)]
        med = statistics.median
        tm, mm = med(t[1] for t in torch), med(m[1] for m in mine)
        lines.append(f"| {shape} | {BATCH[shape]} | {med(t[0] for t in torch):.0f} | {med(m[0] for m in mine):.0f} | "
                     f"{med(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f}) | {tm:.0f} | {mm:.0f} | {mm / tm:.2f} |")
    text = "\n".join(lines) + "\n"
    print(text)
    if a.out:
        a.out.parent.mkdir(parents=True, exist_ok=True)
        a.out.write_text("# LoRA training against PyTorch\n\n" + text)


if __name__ == "__main__":
    main()
