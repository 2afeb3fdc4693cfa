import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { encodeWeights, weightTensors } from "../../../src/engine/files/weights.js";
import { exportVersion } from "../../../src/engine/onnx/export/export.js";
import { expectSame } from "../onnx/compare.js";
import { answers, feeds } from "../onnx/raw-feeds.js";
import { type Untrained, versionNamed, versions } from "../onnx/versions.js";

const python = process.env.PERENNIAL_TEST_PYTHON;
if (!python) throw new Error("PERENNIAL_TEST_PYTHON is not set: these tests are for `npm run test:python`.");
const run = promisify(execFile);
const counts = [1, 7, 1000];

interface Told {
  type: string;
  dims: number[];
  data: string | string[];
}
interface Report {
  answers: Record<string, Told>[];
  weights: Record<string, { shape: number[]; sha256: string }>;
}

let folder: string;
const folderOf = (version: Untrained) => path.join(folder, String(versions.indexOf(version)));
const reports = new Map<string, Report>();
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "perennial-python-"));
  const folders = await Promise.all(
    versions.map(async (version) => {
      const directory = folderOf(version);
      await mkdir(directory);
      await writeFile(path.join(directory, "model.onnx"), exportVersion(version));
      await writeFile(
        path.join(directory, "weights.safetensors"),
        encodeWeights(weightTensors(version.model, version.parameters)),
      );
      const requests = counts.map((count) => Object.entries(feeds(version, version.rows(count))).map(travelling));
      await writeFile(path.join(directory, "requests.json"), JSON.stringify(requests.map(Object.fromEntries)));
      return directory;
    }),
  );
  const script = fileURLToPath(new URL("read_versions.py", import.meta.url));
  const { stdout } = await run(python, [script, ...folders], { maxBuffer: 2 ** 28 });
  for (const [index, line] of stdout.trim().split("\n").entries())
    reports.set(versions[index]?.name as string, JSON.parse(line));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function travelling([name, { type, dims, data }]: [string, Tensor]): [string, unknown] {
  const bytes = data as Float32Array;
  const numbers = () => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  return [name, { type, dims, data: type === "string" ? data : numbers() }];
}

/** What Python answered, as numbers or texts. */
function read({ type, data }: Told): unknown[] {
  if (type === "string") return data as string[];
  const bytes = Uint8Array.from(Buffer.from(data as string, "base64"));
  if (type === "bool") return Array.from(bytes, Boolean);
  return Array.from(type === "float64" ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer));
}

describe("in Python, a version's", () => {
  test.each(versions)("model.onnx answers raw rows as the platform does: $name", async (version) => {
    for (const [index, count] of counts.entries()) {
      const told = reports.get(version.name)?.answers[index] ?? {};
      const expected = await answers(version, version.rows(count));
      const numeric = told.probabilities ?? told.value ?? told["output/value"];
      expectSame(version.name, read(numeric as Told) as number[], expected.numbers, 1e-5);
      if (told.label) expect(read(told.label)).toEqual(expected.labels);
    }
  });

  test.each(versions)("weights.safetensors has the same tensors, bit for bit: $name", ({ name, model, parameters }) => {
    const expected = weightTensors(model, parameters).map(({ name: tensor, shape, data }) => {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      return [tensor, { shape, sha256: createHash("sha256").update(bytes).digest("hex") }];
    });
    expect(reports.get(name)?.weights).toEqual(Object.fromEntries(expected));
  });

  it("model.onnx answers texts as the example in examples/reviews says", async () => {
    const version = versionNamed("a review, as the example declares it");
    const readme = await readFile(new URL("../../../examples/reviews/README.md", import.meta.url), "utf8");
    const code = /```python\n(.*?)```/s.exec(readme)?.[1] as string;
    const shown = code.replace(/print\((.*)\)/, "print(json.dumps([output.tolist() for output in $1]))");
    const reviews = JSON.parse(`[${[...code.matchAll(/row\((".*?")\)/g)].map(([, text]) => text)}]`) as string[];
    expect(reviews).toHaveLength(2);
    const { stdout } = await run(python, ["-c", `import json\n${shown}`], { cwd: folderOf(version) });
    const [labels, probabilities] = JSON.parse(stdout) as [string[], number[][]];
    const expected = await answers(
      version,
      reviews.map((review) => ({ review })),
    );
    expect(labels).toEqual(expected.labels);
    expectSame("probabilities", probabilities.flat(), expected.numbers, 1e-5);
  });
});
