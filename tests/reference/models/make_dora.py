"""Makes llama-dora-peft and llama-dora*.logits.f32: an adapter in PEFT's format with everything that changes its
computation (DoRA, rsLoRA, rank_pattern, alpha_pattern, three element types), and what it computes on llama.gguf.

Needs only numpy. It shares no code with the engine: it reads GGUF and safetensors itself, works in Hugging Face's row
order with rotary embedding by halves, forms B A and W' = m (W + s B A) / |W + s B A| outright, and runs in float64.
Before it writes anything it checks itself against what llama.cpp computed (llama.logits.f32, llama-lora.logits.f32).

    python3 tests/reference/models/make_dora.py
"""
import json
import math
import pathlib
import re
import struct

import numpy as np

HERE = pathlib.Path(__file__).parent
LEAVES = {"q_proj": ("self_attn", "attn_q"), "k_proj": ("self_attn", "attn_k"), "v_proj": ("self_attn", "attn_v"), "o_proj": ("self_attn", "attn_output"),
          "gate_proj": ("mlp", "ffn_gate"), "up_proj": ("mlp", "ffn_up"), "down_proj": ("mlp", "ffn_down")}


def read_gguf(path):
    data, at = path.read_bytes(), 24
    formats = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}

    def take(form):
        nonlocal at
        value = struct.unpack_from("<" + form, data, at)[0]
        at += struct.calcsize(form)
        return value

    def text():
        nonlocal at
        length = take("Q")
        at += length
        return data[at - length:at].decode()

    def value(kind):
        if kind == 8:
            return text()
        if kind == 9:
            inner, count = take("I"), take("Q")
            return [value(inner) for _ in range(count)]
        return take(formats[kind])

    _, _, tensors, pairs = struct.unpack_from("<4sIQQ", data)
    metadata = {}
    for _ in range(pairs):
        key = text()
        metadata[key] = value(take("I"))
    entries = []
    for _ in range(tensors):
        name = text()
        shape = [take("Q") for _ in range(take("I"))]
        entries.append((name, shape[::-1], take("I"), take("Q")))
    start = -(-at // 32) * 32
    result = {}
    for name, shape, kind, offset in entries:
        dtype = {0: np.float32, 1: np.float16}[kind]
        result[name] = np.frombuffer(data, dtype, math.prod(shape), start + offset).reshape(shape).astype(np.float64)
    return metadata, result


def bf16(values):
    """Rounds to bfloat16, to nearest even; gives the 16 bits and the rounded values."""
    bits = np.asarray(values, np.float32).view(np.uint32)
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return bits.astype(np.uint16), (bits << 16).astype(np.uint32).view(np.float32)


def write_safetensors(path, tensors):
    header, blobs, offset = {"__metadata__": {"format": "pt"}}, [], 0
    for name in sorted(tensors):
        dtype, shape, blob = tensors[name]
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [offset, offset + len(blob)]}
        offset += len(blob)
        blobs.append(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def read_safetensors(path):
    data = path.read_bytes()
    length = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8:8 + length])
    result = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            raw = data[8 + length + begin:8 + length + end]
            values = {"F32": lambda: np.frombuffer(raw, np.float32), "F16": lambda: np.frombuffer(raw, np.float16),
                      "BF16": lambda: (np.frombuffer(raw, np.uint16).astype(np.uint32) << 16).view(np.float32)}[entry["dtype"]]()
            result[name] = values.reshape(entry["shape"]).astype(np.float64)
    return result


class Llama:
    def __init__(self, path):
        meta, self.tensors = read_gguf(path)
        self.blocks, self.heads, self.keys = (meta["llama." + name] for name in ("block_count", "attention.head_count", "attention.head_count_kv"))
        self.epsilon, self.theta = meta["llama.attention.layer_norm_rms_epsilon"], meta.get("llama.rope.freq_base", 10000.0)
        self.weights = {}
        for block in range(self.blocks):
            for leaf, (group, stem) in LEAVES.items():
                w = self.tensors[f"blk.{block}.{stem}.weight"]
                if leaf in ("q_proj", "k_proj"):
                    # Adjacent pairs (GGUF) to halves (Hugging Face).
                    heads = self.heads if leaf == "q_proj" else self.keys
                    w = w.reshape(heads, -1, 2, w.shape[1]).swapaxes(1, 2).reshape(w.shape)
                self.weights[f"model.layers.{block}.{group}.{leaf}"] = w

    def logits(self, ids, weights):
        norm = lambda x, name: x / np.sqrt((x * x).mean(-1, keepdims=True) + self.epsilon) * self.tensors[name]
        x = self.tensors["token_embd.weight"][ids]
        count = len(ids)
        mask = np.triu(np.full((count, count), -np.inf), 1)
        for block in range(self.blocks):
            at, w = f"model.layers.{block}.", weights
            h = norm(x, f"blk.{block}.attn_norm.weight")
            q, k, v = (h @ w[f"{at}self_attn.{leaf}_proj"].T for leaf in "qkv")
            q, k, v = (y.reshape(count, heads, -1).swapaxes(0, 1) for y, heads in ((q, self.heads), (k, self.keys), (v, self.keys)))
            q, k = self.rotate(q), self.rotate(k)
            k, v = (np.repeat(y, self.heads // self.keys, 0) for y in (k, v))
            scores = q @ k.swapaxes(1, 2) / math.sqrt(q.shape[-1]) + mask
            scores = np.exp(scores - scores.max(-1, keepdims=True))
            a = (scores / scores.sum(-1, keepdims=True) @ v).swapaxes(0, 1).reshape(count, -1)
            x = x + a @ w[at + "self_attn.o_proj"].T
            h = norm(x, f"blk.{block}.ffn_norm.weight")
            gate = h @ w[at + "mlp.gate_proj"].T
            x = x + (gate / (1 + np.exp(-gate)) * (h @ w[at + "mlp.up_proj"].T)) @ w[at + "mlp.down_proj"].T
        return norm(x, "output_norm.weight") @ self.tensors.get("output.weight", self.tensors["token_embd.weight"]).T

    def rotate(self, x):
        half = x.shape[-1] // 2
        angle = np.arange(x.shape[1])[:, None] * self.theta ** (-np.arange(half) / half)
        first, second = x[..., :half], x[..., half:]
        return np.concatenate([first * np.cos(angle) - second * np.sin(angle), second * np.cos(angle) + first * np.sin(angle)], -1)


def by_pattern(patterns, module, common):
    return next((value for key, value in patterns.items() if re.match(rf"(.*\.)?({key})$", module)), common)


def adapted(model, folder, factor):
    """The weights with an adapter on top: W + factor (W' - W)."""
    config, tensors = json.loads((folder / "adapter_config.json").read_text()), read_safetensors(folder / "adapter_model.safetensors")
    weights = dict(model.weights)
    for module, w in model.weights.items():
        a = tensors.get(f"base_model.model.{module}.lora_A.weight")
        if a is None:
            continue
        rank, alpha = by_pattern(config["rank_pattern"], module, config["r"]), by_pattern(config["alpha_pattern"], module, config["lora_alpha"])
        assert a.shape[0] == rank
        changed = w + alpha / (math.sqrt(rank) if config["use_rslora"] else rank) * tensors[f"base_model.model.{module}.lora_B.weight"] @ a
        if config["use_dora"]:
            changed = tensors[f"base_model.model.{module}.lora_magnitude_vector"][:, None] * changed / np.linalg.norm(changed, axis=1, keepdims=True)
        weights[module] = w + factor * (changed - w)
    return weights


def make(model, folder):
    config = {
        "alpha_pattern": {"o_proj": 9, "layers.0.*q_proj": 2.5, "model.layers.1.mlp.up_proj": 7.0}, "base_model_name_or_path": "tiny-llama", "bias": "none",
        "fan_in_fan_out": False, "inference_mode": True, "init_lora_weights": True, "lora_alpha": 5, "lora_dropout": 0.05, "modules_to_save": None, "peft_type": "LORA",
        "r": 4, "rank_pattern": {"layers.1.self_attn.v_proj": 6, "(gate|down)_proj": 3}, "target_modules": "all-linear", "task_type": "CAUSAL_LM",
        "use_dora": True, "use_rslora": True,
    }
    random, tensors = np.random.default_rng(20), {}
    for module, w in model.weights.items():
        rank = by_pattern(config["rank_pattern"], module, config["r"])
        a = (random.uniform(-1, 1, (rank, w.shape[1])) / math.sqrt(w.shape[1])).astype(np.float16)
        b, _ = bf16(random.normal(0, 0.03, (w.shape[0], rank)))
        # Magnitudes near the rows' norms, as training leaves them.
        magnitude = (np.linalg.norm(w, axis=1) * random.uniform(0.8, 1.2, w.shape[0])).astype(np.float32)
        name = "base_model.model." + module
        tensors[name + ".lora_A.weight"] = ("F16", a.shape, a.tobytes())
        tensors[name + ".lora_B.weight"] = ("BF16", b.shape, b.tobytes())
        tensors[name + ".lora_magnitude_vector"] = ("F32", magnitude.shape, magnitude.tobytes())
    folder.mkdir(exist_ok=True)
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n")
    write_safetensors(folder / "adapter_model.safetensors", tensors)


def main():
    model = Llama(HERE / "llama.gguf")
    ids = [int(part) for part in re.split(r"[,\s]+", (HERE / "ids.csv").read_text()) if part]
    for name, weights in (("llama", model.weights), ("llama-lora", adapted(model, HERE / "llama-lora-peft", 1)), ("llama-lora-half", adapted(model, HERE / "llama-lora-peft", 0.5))):
        expected = np.fromfile(HERE / f"{name}.logits.f32", np.float32)
        difference = np.abs(model.logits(ids, weights).ravel() - expected).max()
        print(f"{name}: largest difference from llama.cpp's logits {difference:.2g}")
        assert difference < 1e-3, name
    make(model, HERE / "llama-dora-peft")
    base = model.logits(ids, model.weights)
    for name, factor in (("llama-dora", 1), ("llama-dora-half", 0.5)):
        logits = model.logits(ids, adapted(model, HERE / "llama-dora-peft", factor))
        print(f"{name}: relative root mean square of what the adapter changes {np.sqrt(((logits - base) ** 2).mean() / (base ** 2).mean()):.3f}")
        logits.astype(np.float32).tofile(HERE / f"{name}.logits.f32")


main()
