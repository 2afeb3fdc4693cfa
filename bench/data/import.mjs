// Imports of CSV files over a real server, in turns with what DuckDB alone takes to convert the same file to Parquet; the memory
// of the server and of the process that reads; and how long another client waits meanwhile.
// `node bench/data/import.mjs [--size 200m] [--rounds 3]`; `--size 1g` for a gigabyte.
import { execFile } from "node:child_process";
import { createReadStream, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { post, startPlatform } from "../start-platform.mjs";
import { featuresOf, mixed, wide, writeCsv } from "./mixed-csv.mjs";

const { values: given } = parseArgs({
  options: { size: { type: "string", default: "200m" }, rounds: { type: "string", default: "3" } },
});
const [, amount, unit] = /^(\d+)([mg])$/.exec(given.size) ?? [];
if (amount === undefined) throw new Error("--size is a number with m or g, such as 200m");
const bytes = Number(amount) * (unit === "g" ? 1e9 : 1e6);
const rounds = Number(given.rounds);

const folder = mkdtempSync(path.join(os.tmpdir(), "perennial-bench-import-"));
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const seconds = (from) => (performance.now() - from) / 1_000;
const rounded = (number) => Math.round(number * 100) / 100;

/** A process of its own, with DuckDB's own settings; what it takes to load the library does not count. */
const converting = `
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const began = performance.now();
  await connection.run(\`COPY (FROM read_csv('\${process.env.CSV}')) TO '\${process.env.CSV}.parquet' (FORMAT parquet)\`);
  console.log((performance.now() - began) / 1000);
  process.exit(0);`;

async function convertedByDuckDB(file) {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const options = { cwd: root, env: { ...process.env, CSV: file } };
  const program = ["--input-type=module", "-e", converting];
  return Number((await promisify(execFile)(process.execPath, program, options)).stdout);
}

/** The highest resident memory so far, in MiB. */
function peakOf(pid) {
  try {
    const [, kibibytes = "0"] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Math.round(Number(kibibytes) / 1024);
  } catch {
    return 0;
  }
}

/** The processes that read files for a server. */
function readersOf(server) {
  return readdirSync("/proc").filter((id) => {
    if (!/^\d+$/.test(id)) return false;
    try {
      const parent = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1];
      return Number(parent) === server && readFileSync(`/proc/${id}/cmdline`, "utf8").includes("reader");
    } catch {
      return false;
    }
  });
}

const { url, key, pid, request, stop } = await startPlatform();

/** Asks a small question every 20 ms until it is stopped; answers the milliseconds of each. */
function askMeanwhile() {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  const ask = () =>
    new Promise((resolve, reject) => {
      const asked = http.request(`${url}/graphql`, { agent, method: "POST", headers }, (response) =>
        response.resume().on("end", resolve),
      );
      asked.on("error", reject);
      asked.end(JSON.stringify({ query: '{ dataset(name: "none") { name } }' }));
    });
  const times = [];
  let isStopped = false;
  const all = (async () => {
    while (!isStopped) {
      const began = performance.now();
      await ask();
      times.push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    agent.destroy();
  })();
  return async () => {
    isStopped = true;
    await all;
    return times.sort((a, b) => a - b);
  };
}

async function uploaded(file) {
  const { createUpload } = await request(
    `mutation ($input: CreateUploadInput!) { createUpload(input: $input) { problems { message } upload { id url method headers { name value } } } }`,
    { input: { fileName: path.basename(file) } },
  );
  const { id, url: target, method, headers } = createUpload.upload;
  const sent = Object.fromEntries(headers.map(({ name, value }) => [name, value]));
  await new Promise((resolve, reject) => {
    const options = { method, headers: { ...sent, "content-length": statSync(file).size } };
    const put = http.request(new URL(target, url), options, (response) => {
      response.resume();
      if (response.statusCode === 200) response.on("end", resolve);
      else reject(new Error(`the upload was answered with ${response.statusCode}`));
    });
    put.on("error", reject);
    createReadStream(file).pipe(put);
  });
  return id;
}

async function imported(name, file, columns) {
  const upload = await uploaded(file);
  let reader = 0;
  const watch = setInterval(() => {
    for (const id of readersOf(pid)) reader = Math.max(reader, peakOf(id));
  }, 100);
  const answers = askMeanwhile();
  const beganInference = performance.now();
  const { inferDataset } = await request(
    `query ($upload: ID!) { inferDataset(upload: $upload, name: "inferred") { problems { message } rowCount } }`,
    { upload },
  );
  const inference = seconds(beganInference);
  await request(`mutation ($input: DeclareDatasetInput!) { declareDataset(input: $input) { problems { message } } }`, {
    input: { name, features: featuresOf(columns) },
  });
  const began = performance.now();
  const { importUpload } = await request(
    `mutation ($input: ImportUploadInput!) { importUpload(input: $input) { problems { message } import { id } } }`,
    { input: { dataset: name, upload } },
  );
  let found = { state: "QUEUED" };
  while (["QUEUED", "RUNNING"].includes(found.state)) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { data } = await post(`${url}/graphql`, key, {
      query: `query ($id: ID!) { import(id: $id) { state problems { message } version { rowCount } } }`,
      variables: { id: importUpload.import.id },
    });
    found = data.import;
  }
  const time = seconds(began);
  clearInterval(watch);
  const waits = await answers();
  if (found.state !== "SUCCEEDED") throw new Error(JSON.stringify(found));
  if (inferDataset.rowCount !== found.version.rowCount) throw new Error("the inference counted other rows");
  return { time, inference, reader, rows: found.version.rowCount, p99: waits[Math.floor(waits.length * 0.99)] };
}

async function compared(name, columns, size) {
  const file = path.join(folder, `${name}.csv`);
  const rows = await writeCsv(file, columns, size);
  const runs = [];
  for (let round = 0; round < rounds; round++)
    runs.push({ duckdb: await convertedByDuckDB(file), ...(await imported(`${name}${round}`, file, columns)) });
  if (runs.some((run) => run.rows !== rows)) throw new Error("an import has other rows than its file");
  const of = (field) => median(runs.map((run) => run[field]));
  return {
    ...{ name, rows, columns: columns.length, megabytes: Math.round(statSync(file).size / 1e6) },
    importSeconds: rounded(of("time")),
    duckdbSeconds: rounded(of("duckdb")),
    ratio: rounded(median(runs.map(({ time, duckdb }) => time / duckdb))),
    inferenceSeconds: rounded(of("inference")),
    readerPeakMiB: Math.max(...runs.map(({ reader }) => reader)),
    p99Ms: rounded(of("p99")),
  };
}

try {
  const tables = [await compared("mixed", mixed, { bytes }), await compared("wide", wide(1_000), { rows: 2_000 })];
  const results = {
    date: new Date().toISOString().slice(0, 10),
    processor: `${os.cpus()[0]?.model ?? "unknown"}, ${os.availableParallelism()} cores`,
    ...{ rounds, serverPeakMiB: peakOf(pid), tables },
  };
  const line = (table) =>
    `| ${table.rows.toLocaleString("en")} × ${table.columns.toLocaleString("en")}, ${table.megabytes} MB | ${table.importSeconds} s | ${table.duckdbSeconds} s | ${table.ratio} | ${table.inferenceSeconds} s | ${table.readerPeakMiB} MiB | ${table.p99Ms} ms |`;
  const text = `# Imports

${results.date}, ${results.processor}. Medians of ${rounds} rounds, in each of which DuckDB alone converts the file to Parquet, with its own settings, and a server then imports it. Load on the machine: ${os.loadavg()[1].toFixed(1)}.

| CSV file | Import | DuckDB alone | Ratio | Inference | Reader's peak | p99 of another client |
|---|---|---|---|---|---|---|
${tables.map(line).join("\n")}

Peak of the server and its worker, one process: ${results.serverPeakMiB} MiB.
`;
  const at = (name) => fileURLToPath(new URL(`../results/${name}`, import.meta.url));
  writeFileSync(at("data.json"), `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(at("data.md"), text);
  console.log(text);
} finally {
  await stop();
  rmSync(folder, { recursive: true, force: true });
}
