import { request } from "node:http";
import type { DataSource } from "typeorm";
import { initialParameters } from "../../src/engine/networks/state.js";
import { ModelRevision } from "../../src/entities/model.js";
import { Artifact, ModelVersion } from "../../src/entities/version.js";
import type { FittedPreprocessing } from "../../src/features/preprocessing.js";
import { createContext, type Platform } from "../../src/graphql/context/context.js";
import { createSchema } from "../../src/graphql/schema.js";
import type { ModelSpec } from "../../src/language/models/model.js";
import { silent } from "../../src/logger.js";
import type { ServedVersionLimits } from "../../src/serving/limits.js";
import { createPlanner } from "../../src/serving/plan.js";
import { createPredictor, type Predictor } from "../../src/serving/predictor.js";
import { storeArtifacts } from "../../src/trainer/artifacts.js";
import { startHttpServer } from "../../src/transport/http.js";
import { registerVersions } from "../graphql/training.js";
import { testIntake } from "../support/intake.js";
import type { Workbench } from "../support/workbench.js";

/** Preprocessing that leaves numbers as they are. */
function plainPreprocessing({ inputs, target }: ModelSpec): FittedPreprocessing {
  const method = (type: string) => (type === "CATEGORY" ? ("ONE_HOT" as const) : ("NONE" as const));
  return {
    format: 1,
    inputs: inputs.map(({ feature, type }) => ({ feature, method: method(type) })),
    target: { feature: target.feature, method: method(target.type) },
  };
}

/** Versions of a model that can be served: nobody trained them, and their parameters are the initial ones or those given. */
export async function servedVersions(
  { db, store }: Pick<Workbench, "db" | "store">,
  name: string,
  count: number,
  changes: { parameters?: (model: ModelSpec, index: number) => Record<string, Float32Array> } = {},
): Promise<ModelVersion[]> {
  const versions = await registerVersions(db, name, count);
  const parametersOf = changes.parameters ?? ((model, index) => initialParameters(model, index + 1));
  for (const [index, version] of versions.entries()) {
    const { spec } = await db.manager.findOneByOrFail(ModelRevision, { id: version.modelRevisionId });
    const model = spec as ModelSpec;
    const preprocessing = plainPreprocessing(model);
    const run = { runId: version.runId, attempt: 1, model };
    const content = { parameters: parametersOf(model, index), preprocessing };
    const { artifacts } = await storeArtifacts(run, store, content, () => {});
    await db.manager.update(ModelVersion, version.id, { preprocessing });
    await db.manager.delete(Artifact, { versionId: version.id });
    const rows = artifacts.map(({ key, ...artifact }) => ({ ...artifact, versionId: version.id, objectKey: key }));
    await db.manager.insert(Artifact, rows);
  }
  return versions;
}

const built = (file: string) => new URL(`../../dist/serving/${file}.js`, import.meta.url);

export function openPredictor({ db, store }: Pick<Workbench, "db" | "store">, limits?: ServedVersionLimits): Predictor {
  return createPredictor({ db, store, threadUrl: built("thread"), limits });
}

export const openPlanner = (db: DataSource) => createPlanner({ db, threadUrl: built("plan-thread") });

export interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: what a client gets is as its query says, which the type cannot know.
  data?: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  errors?: { message: string; extensions: any }[];
}

/** The real server over HTTP, on the parts of a workbench. */
export interface Served {
  url: string;
  /** The bytes of the answer, as they came. */
  send(body: string, headers?: Record<string, string>): Promise<Buffer>;
  ask(query: string, variables?: object): Promise<Answer>;
  close(): Promise<void>;
}

export async function serve(bench: Workbench, parts: Pick<Platform, "predictor" | "planner">): Promise<Served> {
  const { db, store, wakeups } = bench;
  const intake = testIntake();
  const reader = { modulePath: "none", env: {} };
  const platform: Platform = { db, store, wakeups, intake, reader, logger: silent, ...parts };
  const operatorKey = "pk_test-key-0123456789abcdefghijklmnopqrstuv";
  const server = await startHttpServer({
    ...{ schema: createSchema(), createContext: (from) => createContext(platform, from), operatorKey, port: 0 },
    ...{ intake, logger: silent, readiness: async () => ({ ready: true, reasons: [] }) },
  });
  const send: Served["send"] = (body, headers = {}) =>
    new Promise((resolve, reject) => {
      const sent = request(`${server.url}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${operatorKey}`, ...headers },
      });
      sent.on("error", reject);
      sent.on("response", async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk);
        resolve(Buffer.concat(chunks));
      });
      sent.end(body);
    });
  return {
    url: server.url,
    send,
    ask: async (query, variables) => JSON.parse(String(await send(JSON.stringify({ query, variables })))),
    async close() {
      await server.close();
      await intake.close();
    },
  };
}
