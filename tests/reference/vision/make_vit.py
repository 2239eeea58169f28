#!/usr/bin/env python3
"""What PyTorch computes with photo-base in float64: logits, embeddings, and gradients of LoRA pairs.

    python3 make_vit.py <photo-base folder> vit.safetensors

Needs torch and numpy. Pictures and LoRA factors come from a fixed seed and are stored beside the results.
"""
import json, struct, sys
import numpy as np, torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
folder, output = sys.argv[1], sys.argv[2]
with open(folder + "/model.safetensors", "rb") as f:
    n = struct.unpack("<Q", f.read(8))[0]
    header = json.loads(f.read(n))
    data = f.read()
w = {}
for name, t in header.items():
    if name == "__metadata__":
        continue
    a, b = t["data_offsets"]
    w[name] = torch.tensor(np.frombuffer(data[a:b], dtype=np.float16).astype(np.float64).reshape(t["shape"]))

rng = np.random.default_rng(7)
pictures = rng.integers(0, 256, size=(3, 32, 32, 3), dtype=np.uint8)
targets = {"attn_q": (128, 128), "attn_k": (128, 128), "attn_v": (128, 128), "attn_out": (128, 128), "ffn_up": (256, 128), "ffn_down": (128, 256)}
rank, scale = 3, 2.0
lora = {}
for block in (2, 5):
    for name, (outputs, inputs) in targets.items():
        for part, shape in (("a", (rank, inputs)), ("b", (outputs, rank))):
            values = (rng.standard_normal(shape) * 0.1).astype(np.float32)
            lora[f"blk.{block}.{name}.{part}"] = torch.tensor(values.astype(np.float64), requires_grad=True)
weights = torch.tensor(rng.standard_normal((3, 128)).astype(np.float32).astype(np.float64))


def linear(x, prefix, adapted, key):
    y = x @ w[prefix + ".weight"].T + w[prefix + ".bias"]
    if adapted and key + ".a" in lora:
        y = y + scale * (x @ lora[key + ".a"].T) @ lora[key + ".b"].T
    return y


def forward(adapted):
    x = torch.tensor(pictures.astype(np.float64)).permute(0, 3, 1, 2) / 255.0
    x = (x - 0.5) / 0.5
    e = "vit.embeddings."
    x = F.conv2d(x, w[e + "patch_embeddings.projection.weight"], w[e + "patch_embeddings.projection.bias"], stride=4).flatten(2).transpose(1, 2)
    x = torch.cat([w[e + "cls_token"].expand(x.shape[0], -1, -1), x], 1) + w[e + "position_embeddings"]
    for i in range(6):
        p = f"vit.encoder.layer.{i}."
        norm = lambda v, name: F.layer_norm(v, (128,), w[p + name + ".weight"], w[p + name + ".bias"], 1e-6)
        h = norm(x, "layernorm_before")
        heads = lambda v: v.reshape(v.shape[0], v.shape[1], 4, 32).transpose(1, 2)
        q, k, v = (heads(linear(h, p + "attention.attention." + long, adapted, f"blk.{i}.{short}"))
                   for long, short in (("query", "attn_q"), ("key", "attn_k"), ("value", "attn_v")))
        o = torch.softmax(q @ k.transpose(2, 3) / 32 ** 0.5, -1) @ v
        x = x + linear(o.transpose(1, 2).reshape(x.shape), p + "attention.output.dense", adapted, f"blk.{i}.attn_out")
        h = F.gelu(linear(norm(x, "layernorm_after"), p + "intermediate.dense", adapted, f"blk.{i}.ffn_up"))
        x = x + linear(h, p + "output.dense", adapted, f"blk.{i}.ffn_down")
    return F.layer_norm(x, (128,), w["vit.layernorm.weight"], w["vit.layernorm.bias"], 1e-6)[:, 0]


result = {"pictures": pictures, "weights": weights.numpy().astype(np.float32)}
with torch.no_grad():
    embedding = forward(False)
    result["embeddings"] = embedding.numpy().astype(np.float32)
    result["logits"] = (embedding @ w["classifier.weight"].T + w["classifier.bias"]).numpy().astype(np.float32)
embedding = forward(True)
(embedding * weights).sum().backward()
result["adapted"] = embedding.detach().numpy().astype(np.float32)
for name, value in lora.items():
    result["lora." + name] = value.detach().numpy().astype(np.float32)
    result["grad." + name] = value.grad.numpy().astype(np.float32)

header, blob = {"__metadata__": {"source": "PyTorch " + torch.__version__ + ", float64"}}, b""
for name, value in result.items():
    value = np.ascontiguousarray(value)
    header[name] = {"dtype": "U8" if value.dtype == np.uint8 else "F32", "shape": list(value.shape), "data_offsets": [len(blob), len(blob) + value.nbytes]}
    blob += value.tobytes()
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(output, "wb") as f:
    f.write(struct.pack("<Q", len(text)) + text + blob)
