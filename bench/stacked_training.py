#!/usr/bin/env python3
"""Does a personal adapter gain from being trained above a global one? Half of the people of sms.jsonl make the global adapter (their first 80 %), the others are personalized:
the first 80 % of their messages to learn, the last 20 % to test. Held-out perplexity a word, medians, with the tool alone; usage: stacked_training.py [DATA] (run it from the repository's root, built in Release)."""
import collections, json, math, os, statistics, subprocess, sys, tempfile

data = sys.argv[1] if len(sys.argv) > 1 else "../shared/data/text/sms.jsonl"
tool = ["dotnet", "src/PersonaTune.Cli/bin/Release/net10.0/personatune.dll"]
people = collections.OrderedDict()
for line in open(data, encoding="utf-8"):
    message = json.loads(line)
    people.setdefault(message["user"], []).append({"text": message["text"]})


def run(*arguments, store=None, ok=(0,)):
    extra = ["--store", store, "--key-file", store + ".key"] if store else []
    done = subprocess.run([*tool, *arguments, *extra, "--json", "--quiet"], capture_output=True, text=True)
    if done.returncode not in ok:
        sys.exit(f"{arguments}: {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout) if done.stdout.strip() else None


def write(path, messages):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(message) + "\n" for message in messages)
    return path


def loss(evaluation):
    return math.log((evaluation.get("adapted") or evaluation["base"])["perplexityPerWord"])


with tempfile.TemporaryDirectory() as folder:
    at = lambda name: os.path.join(folder, name)
    names = list(people)
    givers, takers = names[::2], names[1::2]
    shared = [message for name in givers for message in people[name][: len(people[name]) * 4 // 5][-150:]]
    run("learn", write(at("shared.jsonl"), shared), "--epochs", "2", store=at("shared"))
    run("adapter", "show", "--out", at("global.gguf"), store=at("shared"))
    rows = []
    for name in takers:
        messages = people[name]
        cut = len(messages) * 4 // 5
        learn, test = write(at("learn.jsonl"), messages[:cut]), write(at("test.jsonl"), messages[cut:])
        alone, above = at(name + "-alone"), at(name + "-above")
        run("learn", learn, store=alone, ok=(0, 5))
        run("adapter", "global", at("global.gguf"), store=above)
        run("learn", learn, store=above, ok=(0, 5))
        row = {"base": loss(run("eval", test, "--base")), "global": loss(run("eval", test, "--adapter", at("global.gguf"))),
               "alone": loss(run("eval", test, store=alone)), "above": loss(run("eval", test, store=above))}
        row["added"] = row["global"]
        if any(adapter["state"] == "Active" for adapter in run("adapter", "list", store=alone)["adapters"]):
            run("adapter", "show", "--out", at("mine.gguf"), store=alone)
            run("adapter", "merge", at("sum.gguf"), "--adapter", at("global.gguf"), "--adapter", at("mine.gguf"), "--adapter-only", "--force")
            row["added"] = loss(run("eval", test, "--adapter", at("sum.gguf")))
        rows.append(row)
        print(name, *(f"{key} {math.exp(value):.0f}" for key, value in row.items()), flush=True)

titles = {"base": "base", "global": "base + global", "alone": "personal, trained on the base", "added": "the same, put on the global one", "above": "personal, trained above the global one"}
for key, title in titles.items():
    better = sum(row["above"] < row[key] for row in rows)
    print(f"{title}: median {math.exp(statistics.median(row[key] for row in rows)):.0f}" + ("" if key == "above" else f"; above is better for {better} of {len(rows)}"))
