#!/usr/bin/env node
/**
 * TensorFlow's native library for tfjs, at today's version. The binding that `@tensorflow/tfjs-node` downloads is of 2022:
 * TensorFlow 2.9 and CUDA 11. This builds it from the package's own sources against the library in PyPI's wheel, in a
 * folder of its own; `PERENNIAL_EXECUTOR=tensorflow` finds it there.
 *
 *   node bin/tfjs-node.mjs                          build if need be, then run the executor suite on it
 *   node bin/tfjs-node.mjs build [--into <folder>]  only build; the folder is `.tfjs-node/` by default
 *   node bin/tfjs-node.mjs build --gpu              build `@tensorflow/tfjs-node-gpu`, with NVIDIA's libraries beside it
 *   … build --slim                                  keep only what is needed to run: no headers, no sources
 *
 * Needs Linux, npm, a C++ compiler, make and a python3 with pip. The wheel is of one Python version, but nothing of it that
 * is used here is Python's. Downloads 300 MB, with `--gpu` 3 GB.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("../", import.meta.url));
const tfjsVersion = "4.22.0";
const tensorflowVersion = "2.21.0";
const pythonVersion = "3.12";

const variants = {
  cpu: { package: "@tensorflow/tfjs-node", wheel: "tensorflow-cpu" },
  gpu: { package: "@tensorflow/tfjs-node-gpu", wheel: "tensorflow" },
};

function run(command, args, { cwd = root, env = {}, stdio = ["ignore", 2, 2] } = {}) {
  const { status, error } = spawnSync(command, args, { cwd, env: { ...process.env, ...env }, stdio });
  if (error?.code === "ENOENT") throw new Error(`${command} is not installed; it is needed to build the binding`);
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}`);
}

/** @returns {number} milliseconds */
function timed(what, work) {
  const start = performance.now();
  work();
  console.error(`tfjs-node: ${what} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

/** Puts wheels into `target` without what they depend on, for any version of Python that runs here. */
function pip(target, requirements) {
  const options = ["--no-deps", "--no-compile", "--only-binary=:all:", "--python-version", pythonVersion, "--quiet"];
  run("python3", ["-m", "pip", "install", ...options, "--target", target, ...requirements], {
    env: { PIP_ROOT_USER_ACTION: "ignore", PIP_DISABLE_PIP_VERSION_CHECK: "1" },
  });
}

/** What the wheel names for its extra `and-cuda`: NVIDIA's libraries, in the versions that it was built for. */
function cudaRequirements(target, wheel) {
  const metadata = readFileSync(path.join(target, `${wheel}-${tensorflowVersion}.dist-info`, "METADATA"), "utf8");
  return [...metadata.matchAll(/^Requires-Dist: (nvidia-[^;]+?)\s*;\s*extra == ["']and-cuda["']/gm)].map((m) => m[1]);
}

/** Removes everything in a folder but the named entries. */
function keepOnly(directory, names) {
  for (const entry of readdirSync(directory)) {
    if (!names.includes(entry)) rmSync(path.join(directory, entry), { recursive: true });
  }
}

function link(target, file) {
  mkdirSync(path.dirname(file), { recursive: true });
  symlinkSync(path.relative(path.dirname(file), target), file);
}

/** Node's own headers where they came with it, as in its archives and images; otherwise node-gyp downloads them. */
function nodeHeaders() {
  const prefix = path.resolve(path.dirname(process.execPath), "..");
  return existsSync(path.join(prefix, "include/node/node_api.h")) ? { npm_config_nodedir: prefix } : {};
}

/** Builds a variant into `<into>/<cpu or gpu>/`, unless that has been done. */
function build(variant, into, slim) {
  if (process.platform !== "linux") throw new Error("PyPI's wheel holds the needed library on Linux only");
  const { package: name, wheel } = variants[variant];
  const folder = path.join(into, variant);
  const stamp = path.join(folder, "built.json");
  const versions = JSON.stringify({ [name]: tfjsVersion, [wheel]: tensorflowVersion, napi: "8" });
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === versions) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const site = path.join(folder, "site-packages");
  const tensorflow = path.join(site, "tensorflow");
  const sources = path.join(folder, "node_modules", name);

  timed(`${name} ${tfjsVersion} from npm`, () => {
    writeFileSync(path.join(folder, "package.json"), JSON.stringify({ private: true }));
    // Its install script would download the old binding.
    const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    run("npm", ["install", ...options, `${name}@${tfjsVersion}`], { cwd: folder });
  });
  timed(`${wheel} ${tensorflowVersion} from PyPI`, () => {
    pip(site, [`${wheel}==${tensorflowVersion}`]);
    if (variant === "gpu") pip(site, cudaRequirements(site, wheel));
    keepOnly(site, ["tensorflow", "nvidia"]);
    keepOnly(tensorflow, [
      "include",
      "libtensorflow_cc.so.2",
      "libtensorflow_framework.so.2",
      "THIRD_PARTY_NOTICES.txt",
    ]);
  });
  timed("the native binding", () => {
    link(path.join(tensorflow, "include"), path.join(sources, "deps/include"));
    link(path.join(tensorflow, "libtensorflow_cc.so.2"), path.join(sources, "deps/lib/libtensorflow.so"));
    const framework = path.join(tensorflow, "libtensorflow_framework.so.2");
    link(framework, path.join(sources, "deps/lib/libtensorflow_framework.so"));
    // The library looks for NVIDIA's beside the folder it is loaded from, so it is not loaded through these links.
    const rpath = `-Wl,-rpath,'$$ORIGIN/${path.relative(path.join(sources, "lib/napi-v8"), tensorflow)}'`;
    const gyp = path.join(folder, "node_modules/@mapbox/node-pre-gyp/bin/node-pre-gyp");
    const env = { LDFLAGS: rpath, ...nodeHeaders() };
    run(process.execPath, [gyp, "install", "--build-from-source", "--loglevel=error"], { cwd: sources, env });
  });
  if (slim) {
    rmSync(path.join(tensorflow, "include"), { recursive: true });
    for (const part of ["build", "deps", "src"]) rmSync(path.join(sources, part), { recursive: true, force: true });
  }
  writeFileSync(stamp, versions);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    gpu: { type: "boolean", default: false },
    slim: { type: "boolean", default: false },
    into: { type: "string", default: path.join(root, ".tfjs-node") },
  },
});
const [action = "test", ...rest] = positionals;
try {
  if (!["build", "test"].includes(action) || rest.length > 0) throw new Error("usage: tfjs-node.mjs [test | build]");
  build(values.gpu ? "gpu" : "cpu", path.resolve(values.into), values.slim);
  if (action === "test") {
    const suite = ["node_modules/vitest/vitest.mjs", "run", "--config", "test/engine/tensorflow/vitest.config.ts"];
    const env = { PERENNIAL_TEST_TENSORFLOW: values.gpu ? "tensorflow-gpu" : "tensorflow" };
    run(process.execPath, suite, { env, stdio: "inherit" });
  }
} catch (error) {
  console.error(`tfjs-node: ${error.message}`);
  process.exitCode = 1;
}
