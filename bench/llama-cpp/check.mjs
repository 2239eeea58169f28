// Loads GGUF models, and optionally an adapter, that PersonaTune wrote in llama.cpp, and compares its logits with the engine's.
//
//   npm install --ignore-scripts            (in this folder; brings a prebuilt llama.cpp)
//   dotnet build -c Release src/PersonaTune.Cli
//   node bench/llama-cpp/check.mjs MODEL.gguf [ADAPTER.gguf [SCALE]]
//
// Prints: tokens compared, relative RMS error of the logits (each position's mean taken away), how often the most likely token agrees, and mean
// negative log-likelihood of the text in both engines.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { getLlama, LlamaLogLevel } from "node-llama-cpp";

const [modelPath, adapterPath, scale = "1"] = process.argv.slice(2);
if (!modelPath) {
    console.error("usage: node check.mjs MODEL.gguf [ADAPTER.gguf [SCALE]]");
    process.exit(2);
}
const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const tool = ["dotnet", [join(root, "src/PersonaTune.Cli/bin/Release/net10.0/personatune.dll")]];
const text = "ok see you later then, i will bring the keys and some milk. are you still coming to the game tonight? let me know!";
const run = (...args) => execFileSync(tool[0], [...tool[1], ...args], { maxBuffer: 1 << 28 }).toString();

const folder = mkdtempSync(join(tmpdir(), "personatune-peer-"));
try {
    const ids = [0, ...JSON.parse(run("inspect", "tokens", "--model", modelPath, "--text", text, "--json")).tokens.map(t => t.id).filter(id => id !== 0)];
    const file = join(folder, "logits.f32");
    run("inspect", "logits", "--model", modelPath, "--ids", ids.join(","), "--out", file, ...(adapterPath ? ["--adapter", adapterPath, "--scale", scale] : []), "--quiet");
    const bytes = readFileSync(file);
    const ours = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    const vocabulary = ours.length / ids.length;

    const llama = await getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.error });
    const model = await llama.loadModel({ modelPath: resolve(modelPath) });
    const context = await model.createContext({
        contextSize: 256, batchSize: 256, threads: 2,
        lora: adapterPath ? { adapters: [{ filePath: resolve(adapterPath), scale: Number(scale) }] } : undefined,
    });
    const sequence = context.getSequence();
    const tokens = model.tokenize(text);
    const out = await sequence.controlledEvaluate(ids.map(id => [id, { generateNext: { logits: true, options: { temperature: 0 } } }]));
    let difference = 0, square = 0, agree = 0;
    const nll = [0, 0];
    for (let position = 0; position < ids.length; position++) {
        const theirs = new Float64Array(vocabulary);
        for (const [token, logit] of out[position].next.logits) theirs[token] = logit;
        const mine = ours.subarray(position * vocabulary, (position + 1) * vocabulary);
        const mean = theirs.reduce((a, b) => a + b) / vocabulary;
        let [best, bestTheirs] = [0, 0];
        for (let i = 0; i < vocabulary; i++) {
            difference += (theirs[i] - mine[i]) ** 2;
            square += (theirs[i] - mean) ** 2;
            if (mine[i] > mine[best]) best = i;
            if (theirs[i] > theirs[bestTheirs]) bestTheirs = i;
        }
        agree += best === bestTheirs ? 1 : 0;
        if (position + 1 < ids.length)
            [mine, theirs].forEach((row, engine) => {
                let most = -Infinity, sum = 0;
                for (const value of row) most = Math.max(most, value);
                for (const value of row) sum += Math.exp(value - most);
                nll[engine] += most + Math.log(sum) - row[ids[position + 1]];
            });
    }
    const same = tokens.length === ids.length - 1 && tokens.every((token, i) => token === ids[i + 1]);
    console.log(`${modelPath}${adapterPath ? ` + ${adapterPath} x ${scale}` : ""}: ${ids.length} tokens (tokenization ${same ? "equal" : "DIFFERENT"}), relative RMS ${
        (100 * Math.sqrt(difference / square)).toFixed(3)} %, most likely token equal ${agree}/${ids.length}, nats a token ${(nll[0] / (ids.length - 1)).toFixed(4)} (PersonaTune) ${
        (nll[1] / (ids.length - 1)).toFixed(4)} (llama.cpp)`);
    process.exitCode = same ? 0 : 1;
} finally {
    rmSync(folder, { recursive: true });
}
process.exit();
