import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { createEagerExecutor } from "../../src/engine/eager/eager-executor.js";

const folder = mkdtempSync(path.join(tmpdir(), "perennial-eager-"));
afterAll(() => rmSync(folder, { recursive: true }));
const from = pathToFileURL(`${folder}/`);

/** A package in the folder that does no more than its code says. */
function install(name: string, code: string): void {
  const directory = path.join(folder, "node_modules", name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, "package.json"), JSON.stringify({ name, main: "index.js" }));
  writeFileSync(path.join(directory, "index.js"), code);
}

/** What `create` is refused with. */
function refusal(create: () => unknown): unknown {
  try {
    create();
  } catch (error) {
    return error;
  }
}

describe("the eager executor", () => {
  it("computes in JavaScript where nothing else is asked for", () => {
    expect(createEagerExecutor().name).toBe("eager-cpu");
    expect(createEagerExecutor({ backend: "cpu", threads: 2 }).name).toBe("eager-cpu");
  });

  it("says which command brings TensorFlow where it is not installed", () => {
    expect(refusal(() => createEagerExecutor({ backend: "tensorflow", from }))).toMatchObject({
      code: "UNSUPPORTED",
      message:
        "@tensorflow/tfjs-node is not installed here: it is optional, and `npm run tfjs-node -- build` builds it.",
    });
    expect(refusal(() => createEagerExecutor({ backend: "tensorflow-gpu", from }))).toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining("@tensorflow/tfjs-node-gpu is not installed here"),
    });
  });

  it("takes the package for GPUs where it is all there is, and the CPU's own where both are installed", () => {
    install("@tensorflow/tfjs-node-gpu", `throw new Error("the one for GPUs")`);
    const taken = () => refusal(() => createEagerExecutor({ backend: "tensorflow", from }));
    expect(taken()).toMatchObject({
      message: expect.stringMatching(/^@tensorflow\/tfjs-node-gpu .* the one for GPUs$/),
    });
    install("@tensorflow/tfjs-node", `throw new Error("the CPU's own")`);
    expect(taken()).toMatchObject({ message: expect.stringMatching(/^@tensorflow\/tfjs-node .* the CPU's own$/) });
  });

  it("says why TensorFlow's library cannot be loaded where it is installed", () => {
    install("@tensorflow/tfjs-node", `throw new Error("libtensorflow.so.2: cannot open shared object file")`);
    expect(refusal(() => createEagerExecutor({ backend: "tensorflow", from }))).toMatchObject({
      code: "UNSUPPORTED",
      message:
        "@tensorflow/tfjs-node is installed, but its native library cannot be loaded: " +
        "libtensorflow.so.2: cannot open shared object file",
    });
    // Nothing is left behind: the reference goes on.
    expect(createEagerExecutor().name).toBe("eager-cpu");
  });
});
