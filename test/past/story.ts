import { crc32, deflateSync } from "node:zlib";
import type { PlatformProcess } from "../e2e/platform-process.js";

type Json = Record<string, unknown>;

/** Rows of a dataset with every feature type, the same ones every time. */
export function gardenRows(count: number, seed: number): Json[] {
  const random = generator(seed);
  return Array.from({ length: count }, (_, index) => {
    const height = Math.round(random() * 1_000) / 10;
    const kind = height > 66 ? "tree" : height > 33 ? "bush" : "herb";
    return {
      height,
      // Varies by the rounding of its own size only.
      level: 1e9 + (index % 3) * 1.2e-7,
      evergreen: random() > 0.5,
      color: ["red", "white", "blue"][Math.floor(random() * 3)],
      spectrum: [random(), random() * 10, -random()],
      leaf: Array.from({ length: 4 }, () => Array.from({ length: 4 }, () => [Math.floor(random() * 256)])),
      photo: png(4, 4, () => Math.floor(random() * 256)),
      note: ["dry", "wet", "sandy", "shady"].filter(() => random() > 0.4).join(" "),
      visits: Array.from({ length: Math.floor(random() * 4) }, () => (random() > 0.5 ? "bee" : "moth")),
      planted: new Date(Date.UTC(2020, 0, 1) + Math.floor(random() * 1e9) * 100).toISOString(),
      trust: index % 5 === 0 ? 0 : 1 + (index % 3),
      yield: height * 3 + (kind === "bush" ? 40 : 0) + random(),
      kind,
    };
  });
}

const features = [
  { name: "height", type: "NUMBER" },
  { name: "level", type: "NUMBER" },
  { name: "evergreen", type: "BINARY" },
  { name: "color", type: "CATEGORY", categories: ["red", "white", "blue"] },
  { name: "spectrum", type: "VECTOR", shape: [3] },
  { name: "leaf", type: "IMAGE", shape: [4, 4, 1] },
  { name: "photo", type: "IMAGE", shape: [3, 3, 3], resize: "STRETCH" },
  { name: "note", type: "TEXT" },
  { name: "visits", type: "SEQUENCE", categories: ["bee", "moth"] },
  { name: "planted", type: "TIMESTAMP" },
  { name: "trust", type: "NUMBER" },
  { name: "yield", type: "NUMBER" },
  { name: "kind", type: "CATEGORY", categories: ["herb", "bush", "tree"] },
];

/** The declarations of the story, in order: mutation and input. Sent again, each changes nothing. */
export const declarations: [mutation: string, input: Json][] = [
  ["declareDataset", { name: "garden", description: "One of each", features }],
  [
    "declareModel",
    {
      ...{ name: "kind_of", dataset: "garden", target: "kind" },
      inputs: ["height", "evergreen", "color", "spectrum", "leaf", "photo", "note", "visits", "planted"],
      preprocessing: [{ feature: "note", maxTokens: 20, dimensions: 3, maxLength: 4 }],
      layers: [
        { dense: { units: 12, activation: "RELU", kernelInitializer: "HE_NORMAL" } },
        { batchNormalization: {} },
        { dropout: { rate: 0.1 } },
      ],
    },
  ],
  [
    "declareModel",
    {
      ...{ name: "yield_of", dataset: "garden", target: "yield", inputs: ["height", "level", "color"] },
      layers: [{ dense: { units: 8, activation: "TANH", kernelRegularizer: { l2: 0.001 } } }],
      ...{ sampleWeight: "trust", metrics: ["ROOT_MEAN_SQUARED_ERROR", "R2_SCORE"] },
    },
  ],
  [
    "declareOptimizer",
    { name: "adam", algorithm: { adam: {} }, learningRate: { constant: 0.01 }, ema: { momentum: 0.9 } },
  ],
  [
    "declareOptimizer",
    {
      ...{ name: "accumulating", algorithm: { adamw: {} }, learningRate: { constant: 0.02 }, weightDecay: 0.01 },
      ...{ gradientAccumulationSteps: 3, globalClipNorm: 1 },
    },
  ],
  [
    "declareRetraining",
    {
      ...{ name: "keep_fresh", model: "kind_of", optimizer: "adam", when: { newRows: 30 } },
      train: { fineTune: { from: "champion", epochs: 4, replay: { fraction: 0.5 } } },
      promote: { alias: "champion", metric: "accuracy", mustNotDropBy: 1 },
    },
  ],
];

/** Sends a mutation with one input; its payload must have no problems. */
export async function mutate(platform: PlatformProcess, name: string, input: Json, fields: string): Promise<Json> {
  const type = name === "train" ? "TrainInput" : `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  const { body } = await platform.post(
    `mutation ($input: ${type}!) { ${name}(input: $input) { problems { path message } ${fields} } }`,
    { input },
  );
  if (body.errors || body.data[name].problems.length > 0) throw new Error(`${name}: ${JSON.stringify(body)}`);
  return body.data[name];
}

export async function query(platform: PlatformProcess, text: string, variables: Json = {}): Promise<Json> {
  const { body } = await platform.post(text, variables);
  if (body.errors) throw new Error(JSON.stringify(body.errors));
  return body.data;
}

/** Looks until `look` answers something. */
export async function until<Answer>(look: () => Promise<Answer | undefined>, what: string): Promise<Answer> {
  for (const end = performance.now() + 60_000; performance.now() < end; ) {
    const answer = await look();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`it took more than a minute: ${what}`);
}

export interface EndedRun {
  id: string;
  state: string;
  error: unknown;
  version: { ref: string; digest: string } | null;
  reproduction: { agrees: boolean; digest: string; expectedDigest: string; reason: string } | null;
  environment: Record<string, string>;
  spec: { semantics?: number };
}

/** The run, once it has ended. */
export function ended(platform: PlatformProcess, id: string): Promise<EndedRun> {
  const fields =
    "id state error { code message } version { ref digest } reproduction { agrees digest expectedDigest reason } spec environment { executor runtime processor platform node perennial }";
  return until(async () => {
    const { run } = await query(platform, `query ($id: ID!) { run(id: $id) { ${fields} } }`, { id });
    const { state } = run as EndedRun;
    return ["SUCCEEDED", "FAILED", "CANCELED"].includes(state) ? (run as EndedRun) : undefined;
  }, `run ${id}`);
}

export async function train(platform: PlatformProcess, input: Json): Promise<string> {
  const { run } = await mutate(platform, "train", { device: "CPU", ...input }, "run { id }");
  return (run as { id: string }).id;
}

/** Long enough to be paused in its middle. */
const long = {
  ...{ model: "kind_of", optimizer: "adam", epochs: 800, batchSize: 32, seed: 5, datasetVersion: 1 },
  checkpoint: { everySteps: 50 },
};

export const trainings = {
  kind: { model: "kind_of", optimizer: "adam", epochs: 20, batchSize: 16, seed: 3 },
  yield: {
    ...{ model: "yield_of", optimizer: "accumulating", epochs: 30, batchSize: 7, seed: 1 },
    earlyStopping: { monitor: "val_root_mean_squared_error", patience: 3, restoreBest: true },
  },
  long,
};

/** The rows that the story's versions are asked about. */
export const askedRows = gardenRows(5, 99);

export const predicted = async (platform: PlatformProcess, ref: string): Promise<unknown> => {
  const rows = askedRows.map(({ kind: _, yield: __, level, trust: ___, ...row }) =>
    ref.startsWith("yield_of") ? { height: row.height, color: row.color, level } : row,
  );
  const { predict } = await query(
    platform,
    "query ($ref: String!, $rows: [JSONObject!]!) { predict(model: $ref, rows: $rows) { predictions { value probabilities { category probability } } } }",
    { ref, rows },
  );
  return (predict as Json).predictions;
};

/** What the story found, and what a later release must find. */
export interface Facts {
  datasetDigests: string[];
  versions: { ref: string; digest: string; predictions: unknown; environment: Record<string, string> }[];
  champion: string;
  pausedRun: string;
  /** The digest of the weights that the paused run's training comes to when nothing pauses it. */
  pausedDigest: string;
  /** The last point that the paused run had recorded. */
  pausedPoints: { step: number; value: number };
  modelEvents: { kind: string; reason: string | null }[];
}

export async function modelEvents(platform: PlatformProcess, count: number): Promise<Facts["modelEvents"]> {
  const events: Facts["modelEvents"] = [];
  const subscription = platform.subscribe(
    'subscription { modelEvents(model: "kind_of") { kind reason version { ref } } }',
    {},
  );
  for await (const { data } of subscription) {
    events.push(data.modelEvents);
    if (events.length === count) break;
  }
  return events;
}

export async function lastPoint(platform: PlatformProcess, id: string): Promise<Facts["pausedPoints"]> {
  const { run } = await query(
    platform,
    'query ($id: ID!) { run(id: $id) { metrics(names: ["loss"], maxPoints: 10000) { points { step value } } } }',
    { id },
  );
  const [series] = (run as { metrics: { points: Facts["pausedPoints"][] }[] }).metrics;
  return series?.points.at(-1) as Facts["pausedPoints"];
}

/** Tells the whole story to an empty platform. */
export async function tellStory(platform: PlatformProcess): Promise<Facts> {
  const append = (rows: Json[]) => mutate(platform, "appendRows", { dataset: "garden", rows }, "version { digest }");
  for (const [name, input] of declarations.slice(0, 1)) await mutate(platform, name, input, "changed");
  const first = await append(gardenRows(150, 1));
  for (const [name, input] of declarations.slice(1, -1)) await mutate(platform, name, input, "changed");

  const kind = await ended(platform, await train(platform, trainings.kind));
  await mutate(platform, "setAlias", { model: "kind_of", alias: "champion", version: 1 }, "alias { name }");
  const unpaused = await ended(platform, await train(platform, trainings.long));
  const [policy] = declarations.slice(-1);
  if (policy) await mutate(platform, policy[0], policy[1], "changed");
  const second = await append(gardenRows(40, 2));
  const tuned = await until(async () => {
    const { model } = await query(
      platform,
      '{ model(name: "kind_of") { versions(first: 10) { nodes { ref run { id } } } aliases { name version { ref } } } }',
    );
    const nodes = (model as { versions: { nodes: { ref: string; run: { id: string } }[] } }).versions.nodes;
    return nodes.find(({ ref }) => ref === "kind_of/3")?.run.id;
  }, "the fine-tune");
  const fineTuned = await ended(platform, tuned);
  const yielding = await ended(platform, await train(platform, trainings.yield));

  const pausedRun = await train(platform, trainings.long);
  await until(async () => {
    const { run } = await query(platform, "query ($id: ID!) { run(id: $id) { progress { step } } }", { id: pausedRun });
    return (run as { progress: { step: number } }).progress.step > 0 ? true : undefined;
  }, "the first steps of the long run");
  await mutate(platform, "pauseRun", { runId: pausedRun }, "run { state }");
  await until(async () => {
    const { run } = await query(platform, "query ($id: ID!) { run(id: $id) { state } }", { id: pausedRun });
    return (run as { state: string }).state === "PAUSED" ? true : undefined;
  }, "the pause");

  const runs = [kind, unpaused, fineTuned, yielding];
  const versions = [];
  for (const { version, environment, state, error } of runs) {
    if (!version) throw new Error(`a run of the story ended as ${state}: ${JSON.stringify(error)}`);
    versions.push({ ...version, environment, predictions: await predicted(platform, version.ref) });
  }
  const { model } = await query(platform, '{ model(name: "kind_of") { aliases { version { ref } } } }');
  return {
    datasetDigests: [first, second].map(({ version }) => (version as { digest: string }).digest),
    versions,
    champion: (model as { aliases: { version: { ref: string } }[] }).aliases[0]?.version.ref as string,
    pausedRun,
    pausedDigest: unpaused.version?.digest as string,
    pausedPoints: await lastPoint(platform, pausedRun),
    modelEvents: await modelEvents(platform, 5),
  };
}

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** An RGB file in base64. */
function png(width: number, height: number, value: () => number): string {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const lines = Array.from({ length: height }, () =>
    Buffer.from([0, ...Array.from({ length: width * 3 }, () => value())]),
  );
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.concat(lines))),
    chunk("IEND", Buffer.alloc(0)),
  ];
  return Buffer.concat([signature, ...parts]).toString("base64");
}
