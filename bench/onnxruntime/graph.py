#!/usr/bin/env python3
"""Makes lora.onnx: for each layer of the reference PEFT adapter y = x A B, A and B being inputs that an adapter file fills. Needs the onnx package.

    python3 graph.py ../../tests/reference/models/llama-lora-peft/adapter_model.safetensors lora.onnx
"""
import json, struct, sys
import onnx
from onnx import helper, TensorProto as T

data = open(sys.argv[1], "rb").read()
n = struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8:8 + n])
header.pop("__metadata__", None)
inputs, outputs, nodes = [], [], []
for m in sorted({k[len("base_model.model."):].rsplit(".lora_", 1)[0] for k in header}):
    a, b = (header[f"base_model.model.{m}.lora_{x}.weight"]["shape"] for x in "AB")
    hidden = m.replace(".", "_") + "_u"
    inputs += [helper.make_tensor_value_info("x." + m, T.FLOAT, ["t", a[1]]), helper.make_tensor_value_info(m + ".lora_A.weight", T.FLOAT, [a[1], "r"]),
               helper.make_tensor_value_info(m + ".lora_B.weight", T.FLOAT, ["r", b[0]])]
    nodes += [helper.make_node("MatMul", ["x." + m, m + ".lora_A.weight"], [hidden]), helper.make_node("MatMul", [hidden, m + ".lora_B.weight"], ["y." + m])]
    outputs.append(helper.make_tensor_value_info("y." + m, T.FLOAT, ["t", b[0]]))
model = helper.make_model(helper.make_graph(nodes, "lora", inputs, outputs), opset_imports=[helper.make_opsetid("", 13)])
model.ir_version = 7
onnx.checker.check_model(model)
onnx.save(model, sys.argv[2])
