import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeSafetensors } from "../../src/engine/files/safetensors.js";
import { type FileStore, openFileStore } from "../../src/storage/file-store.js";
import { storeArtifacts } from "../../src/trainer/artifacts.js";
import { versions } from "../engine/onnx/versions.js";

let folder: string;
let store: FileStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "perennial-artifacts-"));
  store = await openFileStore({
    root: folder,
    baseUrl: "http://127.0.0.1",
    secret: "not a secret, but 32 bytes long.",
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const [version] = versions as [(typeof versions)[number]];
const run = { runId: "run_1", attempt: 1, model: version.model };

async function stored(trained: Parameters<typeof storeArtifacts>[2]) {
  const warnings: string[] = [];
  const { digest, artifacts } = await storeArtifacts(run, store, trained, (message) => warnings.push(message));
  const files = await Promise.all(artifacts.map(({ key }) => store.get(key)));
  return { digest, artifacts, files, warnings };
}

describe("the artifacts of a version", () => {
  it("are its weights and a model that ONNX Runtime opens, each with size and digest", async () => {
    const { artifacts, files, warnings } = await stored(version);
    expect(artifacts.map(({ name }) => name)).toEqual(["weights.safetensors", "model.onnx"]);
    for (const [index, { sizeBytes, digest }] of artifacts.entries()) {
      const file = files[index] as Uint8Array;
      expect(file.length).toBe(sizeBytes);
      expect(`sha256:${createHash("sha256").update(file).digest("hex")}`).toBe(digest);
    }
    const [weights, model] = files as unknown as [Uint8Array, Uint8Array];
    const named = decodeSafetensors(weights).tensors.map(({ name, data }) => [name, data]);
    expect(Object.fromEntries(named)).toEqual(version.parameters);
    const session = await InferenceSession.create(model);
    expect(session.inputNames).toEqual(version.features.map(({ name }) => name));
    await session.release();
    expect(warnings).toEqual([]);
  });

  it("have a digest of the weights alone", async () => {
    const { digest } = await stored(version);
    const other = { ...version, preprocessing: { ...version.preprocessing, inputs: [] } };
    expect((await stored(other)).digest).toBe(digest);
  });

  it("are the weights alone, with a warning, if the model cannot be exported", async () => {
    const other = { ...version, preprocessing: { ...version.preprocessing, inputs: [] } };
    const { artifacts, warnings } = await stored(other);
    expect(artifacts.map(({ name }) => name)).toEqual(["weights.safetensors"]);
    expect(warnings).toEqual([expect.stringMatching(/^the version has no model\.onnx: .*lacks feature "far"/)]);
  });
});
