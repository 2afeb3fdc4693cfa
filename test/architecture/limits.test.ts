import { readFileSync } from "node:fs";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { mergeCategories } from "../../src/datasets/categories.js";
import type { Refused } from "../../src/db/transaction.js";
import { errorCatalogue, type PlatformError } from "../../src/errors.js";
import { decodeImageFiles } from "../../src/features/image-files.js";
import { validateRows } from "../../src/features/rows.js";
import { createSchema } from "../../src/graphql/schema.js";
import { resolveOptimizer } from "../../src/language/algorithms/resolve-optimizer.js";
import type { FeatureDeclaration } from "../../src/language/datasets/dataset.js";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import { limits } from "../../src/language/fields/limits.js";
import type { Problem } from "../../src/language/fields/problem.js";
import type { LayerDeclaration } from "../../src/language/layers/layer.js";
import type { ModelDeclaration } from "../../src/language/models/model.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import { batchProblem } from "../../src/language/training/memory.js";
import { resolveTraining } from "../../src/language/training/resolve-training.js";
import { readConfig } from "../../src/programs/config.js";
import { aftermath, classify, maximumLosses } from "../../src/runs/fault.js";
import { resolveQueueing } from "../../src/runs/queueing.js";
import { type Api, declareIris, openApi } from "../graphql/api.js";
import { key, startToyServer } from "../graphql/toy-server.js";
import { registerVersions } from "../graphql/training.js";
import { resolved } from "../language/declarations.js";
import { documentedLimits, exportedLimits } from "./limits.js";

const documented = documentedLimits();
const rows = new Map(documented.map((row) => [row.name, row]));

/** Codes that no part of the platform gives, but the libraries that speak HTTP, GraphQL and WebSocket for it. */
const foreign = new Set(["HTTP 413", "HTTP 503", "BAD_USER_INPUT", "GRAPHQL_PARSE_FAILED", "close 1009", "close 4408"]);
const problemCodes = (createSchema().getType("ProblemCode") as unknown as { getValues(): { name: string }[] })
  .getValues()
  .map(({ name }) => name);

describe("docs/limits.md", () => {
  it("has a row for every limit of the code, and for no other, with the same number", async () => {
    const code = await exportedLimits();
    expect(code.size).toBeGreaterThan(70);
    const missing = [...code].filter(([name]) => !rows.has(name));
    // The text of the failure is the row to add.
    expect(missing.map(([name, { value }]) => `| \`${name}\` | ${value.toLocaleString("en-US")} | … |`)).toEqual([]);
    expect(Object.fromEntries(documented.map(({ name, value }) => [name, value]))).toEqual(
      Object.fromEntries([...code].map(([name, { value }]) => [name, value])),
    );
    expect(documented).toHaveLength(code.size);
  });

  it("names codes that there are", () => {
    const known = new Set([...Object.keys(errorCatalogue), ...problemCodes, ...foreign]);
    expect(documented.flatMap(({ codes }) => codes).filter((code) => !known.has(code))).toEqual([]);
  });

  it("names settings that are read", () => {
    const config = readFileSync(new URL("../../src/programs/config.ts", import.meta.url), "utf8");
    const settings = documented.flatMap(({ settings }) => settings);
    expect(settings.length).toBeGreaterThan(0);
    for (const setting of settings) expect(config).toContain(`"${setting}"`);
  });
});

const codesOf = ({ problems = [] }: { problems?: Problem[] | undefined }): string[] => problems.map(({ code }) => code);
const long = (length: number) => "x".repeat(length);
const many = <Entry>(count: number, entry: (index: number) => Entry): Entry[] =>
  Array.from({ length: count }, (_, index) => entry(index));

const number = (name: string): FeatureDeclaration => ({ name, type: "NUMBER" });
const dataset = resolved(
  resolveDataset({
    name: "d",
    features: [
      ...[number("x"), number("y"), { name: "note", type: "TEXT" }, { name: "at", type: "TIMESTAMP" }],
      ...[
        { name: "photo", type: "IMAGE", shape: [8, 8, 1], resize: "STRETCH" },
        { name: "wide", type: "VECTOR", shape: [600_000] },
      ],
      ...[
        { name: "wider", type: "VECTOR", shape: [600_000] },
        { name: "steps", type: "SEQUENCE" },
      ],
      { name: "image", type: "IMAGE", shape: [1, 1_000_000, 1] },
    ] as FeatureDeclaration[],
  }),
);
const declare = (changes: Partial<ModelDeclaration>) =>
  resolveModel({ name: "m", dataset: "d", target: "y", inputs: ["x"], layers: [], ...changes }, dataset);
const layers = (...declared: LayerDeclaration[]) => codesOf(declare({ layers: declared }));
const onSteps = (maxLength: number, ...declared: LayerDeclaration[]) =>
  codesOf(declare({ inputs: ["steps"], preprocessing: [{ feature: "steps", maxLength }], layers: declared }));
const model = resolved(declare({}));
const counts = { train: 1_000, validation: 100, test: 100 };
const training = (changes: object) => codesOf(resolveTraining({ epochs: 1, ...changes }, model, counts));
const queueing = async (changes: object) => codesOf(await resolveQueueing(undefined as never, changes));
const optimizer = (changes: object) => codesOf(resolveOptimizer({ name: "o", algorithm: { adam: {} }, ...changes }));
const appended = (row: object) =>
  codesOf({ problems: validateRows(dataset.features, [row]) }).filter((code) => code !== "REQUIRED");
const nested = (depth: number): LayerDeclaration =>
  depth === 0 ? { activation: { function: "RELU" } } : { residual: { layers: [nested(depth - 1)] } };
const setting = (env: NodeJS.ProcessEnv): string[] => {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    return [(error as PlatformError).code];
  }
};

let api: Api;
let toy: Awaited<ReturnType<typeof startToyServer>>;
let versionId: string;
beforeAll(async () => {
  api = await openApi();
  toy = await startToyServer();
  await declareIris(api);
  versionId = (await registerVersions(api.platform.db, "iris-species", 1))[0]?.id ?? "";
});
afterAll(async () => {
  await api?.close();
  await toy?.close();
});

/** Codes of errors and problems in an answer of the API. */
async function asked(query: string, variables?: object): Promise<string[]> {
  const { data, errors = [] } = await api.ask(query, variables);
  const problems = Object.values<{ problems?: Problem[] } | null>(data ?? {}).flatMap((field) => field?.problems ?? []);
  return [...errors.map(({ extensions }) => String(extensions?.code)), ...problems.map(({ code }) => code)];
}
const tag = (input: object) =>
  asked("mutation($input: TagVersionInput!) { tagVersion(input: $input) { problems { code } } }", {
    input: { version: "iris-species", key: "k", ...input },
  });
const alias = (input: object) =>
  asked("mutation($input: SetAliasInput!) { setAlias(input: $input) { problems { code } } }", {
    input: { model: "iris-species", alias: "a", version: 1, ...input },
  });

/** What happens one beyond a limit: the codes of its problems and errors. */
const beyond: Record<string, () => string[] | Promise<string[]>> = {
  "language.descriptionLength": () => codesOf(declare({ description: long(limits.descriptionLength + 1) })),
  "language.nameLength": () => codesOf(declare({ name: long(limits.nameLength + 1) })),
  "language.featureNameLength": () =>
    codesOf(resolveDataset({ name: "d", features: [number("x"), number(long(limits.featureNameLength + 1))] })),
  "language.features": () =>
    codesOf(resolveDataset({ name: "d", features: many(limits.features + 1, (index) => number(`f${index}`)) })),
  "language.splitKeys": () => {
    const features = many(limits.splitKeys + 1, (index) => number(`f${index}`));
    return codesOf(resolveDataset({ name: "d", features, split: { keys: features.map(({ name }) => name) } }));
  },
  "language.categories": () => {
    const categories = many(limits.categories + 1, String);
    return codesOf(resolveDataset({ name: "d", features: [number("x"), { name: "c", type: "CATEGORY", categories }] }));
  },
  "language.categoryLength": () => {
    const categories = ["a", long(limits.categoryLength + 1)];
    return codesOf(resolveDataset({ name: "d", features: [number("x"), { name: "c", type: "CATEGORY", categories }] }));
  },
  "language.elements": () => codesOf(declare({ inputs: ["wide", "wider"] })),
  "language.imagePixels": async () => {
    const picture = await sharp({ create: { width: 4_097, height: 4_096, channels: 3, background: "black" } })
      .png()
      .toBuffer();
    const row = { photo: `data:image/png;base64,${picture.toString("base64")}` };
    const features = dataset.features.filter(({ name }) => name === "photo");
    const { rows, faultOf } = await decodeImageFiles(features, [row]);
    return codesOf({ problems: validateRows(features, rows, { faultOf }) });
  },
  "language.decodedNumbers": async () => {
    const picture = await sharp({ create: { width: 1_000, height: 1, channels: 3, background: "black" } })
      .png()
      .toBuffer();
    const row = { image: `data:image/png;base64,${picture.toString("base64")}` };
    const features = dataset.features
      .filter(({ name }) => name === "image")
      .map((feature) => ({ ...feature, resize: "STRETCH" as never }));
    const { rows, faultOf } = await decodeImageFiles(
      features,
      many(34, () => row),
    );
    return codesOf({ problems: validateRows(features, rows, { faultOf }) });
  },
  "language.textLength": () => appended({ note: long(limits.textLength + 1) }),
  "language.timestampLength": () => appended({ at: `2026-03-01T12:00:00${"0".repeat(limits.timestampLength)}Z` }),
  "language.tokens": () =>
    codesOf(declare({ inputs: ["note"], preprocessing: [{ feature: "note", maxTokens: limits.tokens + 1 }] })),
  "language.layers": () => layers(...many(limits.layers + 1, () => ({ flatten: {} }))),
  "language.units": () => layers({ dense: { units: limits.units + 1 } }),
  "language.extent": () => onSteps(limits.extent + 1),
  "language.kernelPlaces": () =>
    codesOf(
      declare({
        inputs: ["photo"],
        layers: [{ conv2d: { filters: 1, kernelSize: [limits.kernelPlaces, 2], padding: "SAME" } }, { flatten: {} }],
      }),
    ),
  "language.nesting": () => layers(nested(limits.nesting + 1)),
  "language.branches": () => layers({ parallel: { branches: many(limits.branches + 1, () => [{ flatten: {} }]) } }),
  "language.vocabulary": () =>
    codesOf(
      declare({
        preprocessing: [{ feature: "x", method: "NONE" }],
        layers: [{ embedding: { inputDim: limits.vocabulary + 1, outputDim: 1 } }],
      }),
    ),
  "language.timeSteps": () => onSteps(limits.timeSteps + 1, { lstm: { units: 1 } }),
  "language.activations": () => layers({ repeatVector: { n: limits.activations + 1 } }),
  "language.batchNumbers": () => {
    const wide = resolved(declare({ layers: [{ dense: { units: 1_024 } }] }));
    const problem = batchProblem(wide, limits.batchNumbers / 1_024 + 1);
    return problem ? [problem.code] : [];
  },
  "language.rank": () => layers({ reshape: { targetShape: many(limits.rank + 1, () => 1) } }),
  "language.parameters": () =>
    layers(...many(3, () => ({ dense: { units: 20_000 } }))).filter((code) => code === "OUT_OF_RANGE"),
  "language.quantiles": () =>
    codesOf(
      declare({
        target: "y",
        loss: { type: "PINBALL", quantiles: many(limits.quantiles + 1, (index) => (index + 1) / 200) },
      }),
    ),
  "language.boundaries": () =>
    optimizer({
      learningRate: {
        piecewiseConstantDecay: {
          boundaries: many(limits.boundaries + 1, (index) => index),
          values: many(limits.boundaries + 2, () => 1),
        },
      },
    }),
  "language.metricNameLength": () =>
    optimizer({ learningRate: { reduceOnPlateau: { initial: 1, monitor: long(limits.metricNameLength + 1) } } }),
  "language.int": () => training({ seed: limits.int + 1 }),
  "language.epochs": () => training({ epochs: limits.epochs + 1, batchSize: 1_000 }),
  "language.threads": () => training({ threads: limits.threads + 1 }),
  "language.restarts": () => training({ maximumRestarts: limits.restarts + 1 }),
  "language.stepTimeoutSeconds": () => training({ stepTimeoutSeconds: limits.stepTimeoutSeconds + 1 }),
  "language.priority": () => queueing({ priority: limits.priority + 1 }),
  "language.dependencies": () => queueing({ dependsOn: many(limits.dependencies + 1, String) }),
  // 1,000 steps, 8 metrics and a learning rate an epoch.
  "language.metricPoints": () => training({ epochs: Math.ceil(limits.metricPoints / 1_009) + 1, batchSize: 1 }),
  "language.savedCheckpoints": () => training({ epochs: 32_000, checkpoint: { everySteps: 1 } }),
  "language.keep": () => training({ checkpoint: { keep: { latest: limits.keep + 1 } } }),
  "language.keptCheckpoints": () => training({ epochs: 400, checkpoint: { everySteps: 1, keep: { every: 1 } } }),
  "language.checkpointBytes": () => {
    const large = resolved(declare({ layers: many(2, () => ({ dense: { units: 20_000 } })) }));
    const declaration = { epochs: 100, checkpoint: { everySteps: 1, keep: { latest: 700 } } };
    return codesOf(resolveTraining(declaration, large, counts));
  },
  "language.tags": async () => {
    await api.platform.db.query(
      "INSERT INTO version_tag (version_id, key, value) SELECT $1, 'tag' || n, '' FROM generate_series(1, $2::int) n",
      [versionId, limits.tags],
    );
    return tag({ value: "v" });
  },
  "language.tagKeyLength": () => tag({ key: long(limits.tagKeyLength + 1), value: "v" }),
  "language.tagLength": () => tag({ value: long(limits.tagLength + 1) }),
  "language.aliases": async () => {
    await api.platform.db.query(
      `INSERT INTO alias (model_id, name, version_id)
       SELECT model_id, 'alias' || n, id FROM model_version, generate_series(1, $2::int) n WHERE id = $1`,
      [versionId, limits.aliases],
    );
    return alias({});
  },
  "language.reasonLength": () => alias({ reason: long(limits.reasonLength + 1), alias: "alias1" }),
  "language.idempotencyKeyLength": () => tag({ value: "v", idempotencyKey: long(limits.idempotencyKeyLength + 1) }),
  "body.bytes": async () => {
    const response = await fetch(`${toy.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
      body: JSON.stringify({
        query: "{ __typename }",
        variables: { filler: long(rows.get("body.bytes")?.value ?? 0) },
      }),
    });
    return [`HTTP ${response.status}`];
  },
  "json.depth": () => {
    let row: unknown = 1;
    for (let depth = 0; depth <= (rows.get("json.depth")?.value ?? 0) + 1; depth++) row = { deeper: row };
    return asked(
      'mutation($rows: [JSONObject!]!) { appendRows(input: { dataset: "iris", rows: $rows }) { problems { code } } }',
      { rows: [row] },
    );
  },
  "operation.maxTokens": () => asked(`{ ${"__typename ".repeat(rows.get("operation.maxTokens")?.value ?? 0)} }`),
  "operation.maxVariableValues": () =>
    asked("query($names: [String!]) { models(filter: { name: { in: $names } }) { totalCount } }", {
      names: many((rows.get("operation.maxVariableValues")?.value ?? 0) + 1, () => "m"),
    }),
  "operation.maxDepth": () => {
    const depth = rows.get("operation.maxDepth")?.value ?? 0;
    const open = many(depth, (index) => (index % 2 ? "model { " : "latestVersion { ")).join("");
    return asked(`{ model(name: "iris-species") { ${open} __typename ${"} ".repeat(depth)} } }`);
  },
  "operation.maxFields": () => {
    const spread = (name: string, of: string) => `fragment ${name} on Model { ${`...${of} `.repeat(10)} }`;
    const fragments = ["A", "B", "C", "D"].map((name, index) => spread(name, ["B", "C", "D", "E"][index] ?? ""));
    return asked(`{ model(name: "x") { ...A } } ${fragments.join(" ")} fragment E on Model { name id }`);
  },
  "list.pageSize": () => asked(`{ models(first: ${(rows.get("list.pageSize")?.value ?? 0) + 1}) { totalCount } }`),
  "list.entries": () =>
    asked("query($names: [String!]) { models(filter: { name: { in: $names } }) { totalCount } }", {
      names: many((rows.get("list.entries")?.value ?? 0) + 1, String),
    }),
  "list.points": () =>
    asked(`{ runs { nodes { metrics(maxPoints: ${(rows.get("list.points")?.value ?? 0) + 1}) { name } } } }`).then(
      (codes) => codes.slice(0, 1),
    ),
  "list.probabilities": () =>
    asked(
      `query ($rows: [JSONObject!]!) { predict(model: "iris-species", rows: $rows) { predictions { probabilities(top: ${(rows.get("list.probabilities")?.value ?? 0) + 1}) { category } } } }`,
      { rows: [{}] },
    ),
  "language.datasetCategories": async () => {
    const added = [{ feature: "x", added: limits.datasetCategories + 1 }];
    const merging = mergeCategories({ query: async () => added } as never, "d", {}, [
      [{ feature: "x", values: ["a"] }],
    ]);
    return codesOf({
      problems: await merging.then(
        () => [],
        ({ problems }: Refused) => problems,
      ),
    });
  },
  "list.moves": () =>
    asked(
      `{ model(name: "iris-species") { aliases { history(limit: ${(rows.get("list.moves")?.value ?? 0) + 1}) { at } } } }`,
    ).then((codes) => codes.slice(0, 1)),
  "filter.depth": () => {
    const depth = (rows.get("filter.depth")?.value ?? 0) + 1;
    return asked(`{ models(filter: ${"{ not: ".repeat(depth)} {} ${"}".repeat(depth)}) { totalCount } }`);
  },
  "filter.filters": () =>
    asked("query($and: [ModelFilter!]) { models(filter: { and: $and }) { totalCount } }", {
      and: many((rows.get("filter.filters")?.value ?? 0) + 1, () => ({})),
    }),
  "webSocket.maxPayload": () =>
    closing((socket) => socket.send(long((rows.get("webSocket.maxPayload")?.value ?? 0) + 1))),
  "webSocket.initTimeout": () => closing(() => {}),
  "setting.slots": () => setting({ PERENNIAL_SLOTS: String((rows.get("setting.slots")?.value ?? 0) + 1) }),
  "setting.leastLeaseSeconds": () => setting({ PERENNIAL_LEASE_SECONDS: "0.49" }),
  "setting.leastServingMemoryMib": () => setting({ PERENNIAL_SERVING_MEMORY_MIB: "63" }),
  "setting.mostServingMemoryMib": () => setting({ PERENNIAL_SERVING_MEMORY_MIB: "1048577" }),
  "setting.mostLeaseSeconds": () => setting({ PERENNIAL_LEASE_SECONDS: "601" }),
  "fault.maximumLosses": () => {
    const killed = classify({ exit: { code: null, signal: "SIGKILL", oomKilled: false } });
    const standing = { restarts: 0, maximumRestarts: 3, gained: false, step: 0, lastFault: null };
    const next = aftermath(killed, { ...standing, losses: maximumLosses - 1 });
    return next.to === "FAILED" ? [next.error.code] : [];
  },
};

/** How the server closes a WebSocket. */
function closing(open: (socket: WebSocket) => void): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${toy.url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
    socket.on("open", () => open(socket));
    socket.on("close", (code) => resolve([`close ${code}`]));
    socket.on("error", reject);
  });
}

/** What is gone beyond in another test, which has the clock or the clients for it. */
const elsewhere: Record<string, string> = {
  "graph.nodes": "test/engine/training-plan.test.ts",
  "webSocket.maxOperations": "test/graphql/transport-websocket.test.ts",
  "artifact.urlSeconds": "test/storage/signed-url.test.ts",
  "export.urlSeconds": "test/storage/signed-url.test.ts",
  "lease.leaseSeconds": "test/scheduler/reaper.reliability.ts",
  "trainer.patienceMs": "test/trainer/checkpoint-writer.test.ts",
  "list.operationCategories": "test/graphql/categories.test.ts",
  "operation.maxAliasLength": "test/graphql/operation-cost.test.ts",
  "operation.maxRepeats": "test/graphql/operation-cost.test.ts",
  "operation.maxNodes": "test/graphql/operation-cost.test.ts",
  "operation.maxValues": "test/graphql/operation-cost.test.ts",
  "operation.maxStatements": "test/graphql/operation-cost.test.ts",
  "operation.maxAnswerBytes": "test/graphql/answer-limits.reliability.ts",
  "operation.seconds": "test/graphql/answer-limits.reliability.ts",
  "body.queryCharacters": "test/e2e/large-bodies.reliability.ts",
  "eventStream.maxOperations": "test/graphql/transport-sse-limits.test.ts",
  "wrongKey.free": "test/graphql/transport-keys.test.ts",
  "readiness.deadline": "test/graphql/readiness.test.ts",
  "intake.bodyBytes": "test/intake/budget.test.ts",
  "intake.parkedBytes": "test/intake/budget.test.ts",
  "intake.decodedNumbers": "test/intake/budget.test.ts",
  "intake.smallAtOnce": "test/intake/budget.test.ts",
  "intake.largeAtOnce": "test/intake/budget.test.ts",
  "intake.waiting": "test/intake/budget.test.ts",
  "intake.waitMs": "test/intake/budget.test.ts",
  "plan.waiting": "test/serving/thread-calls.test.ts",
  "plan.waitSeconds": "test/serving/thread-calls.test.ts",
  "plan.runSeconds": "test/serving/thread-calls.test.ts",
  "check.waiting": "test/serving/thread-calls.test.ts",
  "check.waitSeconds": "test/serving/thread-calls.test.ts",
  "check.runSeconds": "test/serving/thread-calls.test.ts",
  "prediction.waiting": "test/serving/thread-calls.test.ts",
  "prediction.waitSeconds": "test/serving/thread-calls.test.ts",
  "prediction.runSeconds": "test/serving/thread-calls.test.ts",
  "language.sourcePixels": "test/features/image-files.test.ts",
  "servedVersion.waitSeconds": "test/serving/versions.test.ts",
  "split.strata": "test/graphql/splits.test.ts",
  "row.timedRows": "test/datasets/row-parts.test.ts",
  "append.idleSeconds": "test/graphql/append-parts.test.ts",
  "append.parts": "test/graphql/append-parts.test.ts",
  "append.openAppends": "test/graphql/append-parts.test.ts",
  ...Object.fromEntries(
    ["entries", "nameLength", "unpackedBytes", "ratio", "fileBytes"].map((name) => [
      `archive.${name}`,
      "test/imports/archives.test.ts",
    ]),
  ),
  "import.columns": "test/imports/files.test.ts",
  "import.lineBytes": "test/imports/files.test.ts",
  "import.missingLength": "test/imports/import.test.ts",
  "import.missingValues": "test/imports/import.test.ts",
  "upload.fileNameLength": "test/imports/import.test.ts",
  "upload.keptSeconds": "test/imports/import.test.ts",
  "upload.urlSeconds": "test/imports/import.test.ts",
};
/** What takes too much to go beyond: thousands of streams, a minute, a database that hangs for 10 s. */
const untried = [
  ...["eventStream.maxStreams", "eventStream.maxOpen", "intake.parkedMs", "database.statementMs"],
  ...["upload.bytes", "import.rows", "import.expandedBytes", "import.inferenceSeconds"],
];

describe("one beyond", () => {
  const refused = documented.filter(({ codes }) => codes.length > 0);

  it("is tried for every limit that refuses, here or in another test, but for a few", () => {
    const tried = [...Object.keys(beyond), ...Object.keys(elsewhere), ...untried].sort();
    expect(tried).toEqual(refused.map(({ name }) => name).sort());
    for (const file of Object.values(elsewhere))
      expect(() => readFileSync(new URL(`../../${file}`, import.meta.url))).not.toThrow();
  });

  it.each(Object.keys(beyond))("%s is told by its code", async (name) => {
    const codes = await (beyond[name] as () => string[] | Promise<string[]>)();
    expect(codes.length).toBeGreaterThan(0);
    expect(rows.get(name)?.codes).toEqual(expect.arrayContaining([...new Set(codes)]));
  });
});
