// What TensorFlow Lite (the WebAssembly build in npm's @tensorflow/tfjs-tflite 0.0.1-alpha.10) computes with a quantized file.
//
//   npm install --ignore-scripts @tensorflow/tfjs-tflite@0.0.1-alpha.10
//   node peer.mjs <folder with node_modules> <model.tflite> <output.u8>
//
// Inputs are the patterns of tests/PersonaTune.Engine.Tests/Vision/Patterns.cs; the output holds the model's bytes for each of them.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';

const [, , root, model, output] = process.argv;
const folder = path.join(root, 'node_modules/@tensorflow/tfjs-tflite/wasm/');
const source = fs.readFileSync(folder + 'tflite_web_api_cc.js', 'utf8');
const factory = new Function('module', 'exports', 'require', '__dirname', '__filename', source + ';return tflite_web_api_ModuleFactory')(
  { exports: {} }, {}, createRequire(import.meta.url), folder, folder + 'x.js');
const wasm = await factory({ wasmBinary: fs.readFileSync(folder + 'tflite_web_api_cc.wasm'), locateFile: name => folder + name });

function picture(side, pattern) {
  const pixels = new Uint8Array(side * side * 3);
  let state = 12345;
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      for (let c = 0; c < 3; c++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        pixels[(y * side + x) * 3 + c] = pattern === 0 ? Math.floor((c === 0 ? x : c === 1 ? y : x + y) * 255 / (2 * side))
          : pattern === 1 ? state >>> 24 : (Math.floor(x / 5) + Math.floor(y / 7) + c) % 3 * 120;
      }
  return pixels;
}

const bytes = fs.readFileSync(model);
const place = wasm._malloc(bytes.length);
wasm.HEAPU8.set(bytes, place);
const status = wasm.TFLiteWebModelRunner.CreateFromBufferAndOptions(place, bytes.length,
  { numThreads: 1, enableProfiling: false, maxProfilingBufferEntries: 0, bufferSize: 0, enableWebNNDelegate: false, webNNDevicePreference: 0 });
if (!status.ok()) throw new Error(status.errorMessage());
const runner = status.value();
const input = runner.GetInputs().get(0);
const side = Number(input.shape.split(',')[1]);
const results = [];
for (let pattern = 0; pattern < 3; pattern++) {
  // An int8 input takes pixels less 128.
  const data = input.data();
  data.set(data instanceof Int8Array ? Int8Array.from(picture(side, pattern), pixel => pixel - 128) : picture(side, pattern));
  if (!runner.Infer()) throw new Error('inference failed');
  const values = runner.GetOutputs().get(0).data();
  results.push(Buffer.from(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)));
}
fs.writeFileSync(output, Buffer.concat(results));
