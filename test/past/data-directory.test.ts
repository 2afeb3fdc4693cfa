import { readdirSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PlatformProcess, startPlatformProcess } from "../e2e/platform-process.js";
import { unpack } from "./archive.js";
import * as story from "./story.js";

const folder = fileURLToPath(new URL("releases/", import.meta.url));

/** What bits depend on beside the release: where it differs, numbers are compared to a tolerance. */
const bitsOf = ({ runtime, processor, platform, node }: Record<string, string>) => [runtime, processor, platform, node];

describe.each(readdirSync(folder))("the data directory of release %s", (release) => {
  let platform: PlatformProcess;
  let facts: story.Facts;
  let sameMachine: boolean;
  const directory = mkdtemp(join(tmpdir(), "perennial-past-"));

  beforeAll(async () => {
    facts = JSON.parse(await readFile(`${folder}${release}/facts.json`, "utf8"));
    await unpack(`${folder}${release}/data-directory.tar.br`, await directory);
    platform = await startPlatformProcess({ dataDirectory: await directory });
  });
  afterAll(async () => {
    await platform?.stop();
    await rm(await directory, { recursive: true, force: true });
  });

  const digestOf = async (ref: string) => {
    const { modelVersion } = await story.query(
      platform,
      "query ($ref: String!) { modelVersion(ref: $ref) { digest } }",
      { ref },
    );
    return (modelVersion as { digest: string }).digest;
  };

  it("has every version with its digest, rows and events", async () => {
    for (const { ref, digest } of facts.versions) expect(await digestOf(ref)).toBe(digest);
    const { dataset, model } = await story.query(
      platform,
      `{ dataset(name: "garden") { versions(first: 10) { nodes { number digest } } }
         model(name: "kind_of") { aliases { version { ref } } } }`,
    );
    const versions = (dataset as { versions: { nodes: { number: number; digest: string }[] } }).versions.nodes;
    const inOrder = versions.sort((a, b) => a.number - b.number).map(({ digest }) => digest);
    expect(inOrder).toEqual(facts.datasetDigests);
    expect((model as { aliases: unknown[] }).aliases).toEqual([{ version: { ref: facts.champion } }]);
    expect(await story.modelEvents(platform, facts.modelEvents.length)).toEqual(facts.modelEvents);
  });

  it("has the operator as the actor of what it holds, and none where it does not tell", async () => {
    const { dataset, model, runs } = await story.query(
      platform,
      `{ dataset(name: "garden") { actor { kind id } versions { nodes { actor { kind } } } }
         model(name: "kind_of") { actor { kind } revision { actor { kind } } alias(name: "champion") { history { actor { kind } } } }
         runs(first: 100) { nodes { retraining { id } retryOf { id } actor { kind id } events { nodes { actor { kind } } } } } }`,
    );
    const kinds = (rows: { actor: { kind: string } | null }[]) => new Set(rows.map(({ actor }) => actor?.kind));
    const garden = dataset as { actor: object; versions: { nodes: { actor: { kind: string } }[] } };
    expect(garden.actor).toEqual({ kind: "OPERATOR", id: "operator" });
    expect(kinds(garden.versions.nodes)).toEqual(new Set(["OPERATOR"]));
    expect(model).toMatchObject({ actor: { kind: "OPERATOR" }, revision: { actor: { kind: "OPERATOR" } } });
    expect(kinds((model as { alias: { history: { actor: null }[] } }).alias.history)).toEqual(new Set([undefined]));
    const { nodes } = runs as { nodes: PastRun[] };
    expect(nodes.length).toBeGreaterThan(0);
    for (const { retraining, retryOf, actor, events } of nodes) {
      const expected =
        retraining && !retryOf ? { kind: "POLICY", id: retraining.id } : { kind: "OPERATOR", id: "operator" };
      expect(actor).toEqual(expected);
      expect(kinds(events.nodes)).toEqual(new Set([undefined]));
    }
  });

  it.each(story.declarations)("is not changed by what was declared: %s", async (name, input) => {
    expect(await story.mutate(platform, name, input, "changed")).toMatchObject({ changed: false });
  });

  it("has the same rows: appending them again to another dataset gives the same digest", async () => {
    const [[name, input] = ["", {}]] = story.declarations;
    await story.mutate(platform, name, { ...input, name: "garden_again" }, "changed");
    const rows = story.gardenRows(150, 1);
    const { version } = await story.mutate(
      platform,
      "appendRows",
      { dataset: "garden_again", rows },
      "version { digest }",
    );
    expect((version as { digest: string }).digest).toBe(facts.datasetDigests[0]);
  });

  it("predicts the same", async () => {
    const { environment } = await story.ended(
      platform,
      await story.train(platform, { ...story.trainings.kind, epochs: 1 }),
    );
    sameMachine = facts.versions.every((version) => bitsOf(version.environment).join() === bitsOf(environment).join());
    for (const { ref, predictions } of facts.versions) {
      const now = await story.predicted(platform, ref);
      expect(now).toEqual(sameMachine ? predictions : close(predictions));
    }
  });

  it("trains its versions again to the same weights", async () => {
    for (const { ref } of facts.versions.filter((version) => version.digest !== facts.pausedDigest)) {
      const { run } = await story.mutate(platform, "reproduceVersion", { ref }, "run { id }");
      const { state, reproduction, spec } = await story.ended(platform, (run as { id: string }).id);
      expect({ ref, state, spec }).toMatchObject({ ref, state: "SUCCEEDED", spec: { semantics: 1 } });
      if (sameMachine) expect(reproduction).toMatchObject({ agrees: true });
    }
  });

  it("goes on with the run that was paused, from its checkpoint, to the weights of one that never was", async () => {
    const { pausedRun, pausedDigest, pausedPoints } = facts;
    expect(await story.lastPoint(platform, pausedRun)).toEqual(pausedPoints);
    await story.mutate(platform, "resumeRun", { runId: pausedRun }, "run { state }");
    const { state, version } = await story.ended(platform, pausedRun);
    expect(state).toBe("SUCCEEDED");
    if (sameMachine) expect(version?.digest).toBe(pausedDigest);
    const { run } = await story.query(
      platform,
      'query ($id: ID!) { run(id: $id) { progress { step steps } metrics(names: ["loss"], maxPoints: 10000) { points { step } } } }',
      { id: pausedRun },
    );
    const { progress, metrics } = run as {
      progress: { step: number; steps: number };
      metrics: { points: { step: number }[] }[];
    };
    expect(metrics[0]?.points.map(({ step }) => step)).toEqual(Array.from({ length: progress.steps }, (_, n) => n + 1));
  });

  it("is fine-tuned by its policy when rows arrive", async () => {
    const known = facts.modelEvents.length;
    await story.mutate(
      platform,
      "appendRows",
      { dataset: "garden", rows: story.gardenRows(35, 3) },
      "version { number }",
    );
    const started = await story.until(async () => {
      const events = await story.query(
        platform,
        "{ runs(first: 20) { nodes { id state lineage { parentVersion { ref } datasetVersion { number } } spec } } }",
      );
      const nodes = (events.runs as { nodes: TunedRun[] }).nodes;
      return nodes.find(({ lineage }) => lineage.datasetVersion.number === 3 && lineage.parentVersion);
    }, "the policy's run");
    const { state, version, spec } = await story.ended(platform, started.id);
    expect({ state, semantics: spec.semantics }).toEqual({ state: "SUCCEEDED", semantics: 2 });
    expect(started.lineage.parentVersion?.ref).toBe(facts.champion);
    expect(version?.ref).toMatch(/^kind_of\//);
    expect(known).toBeGreaterThan(0);
  });
});

interface PastRun {
  retraining: { id: string } | null;
  retryOf: { id: string } | null;
  actor: { kind: string; id: string };
  events: { nodes: { actor: { kind: string } | null }[] };
}

interface TunedRun {
  id: string;
  lineage: { parentVersion: { ref: string } | null; datasetVersion: { number: number } };
}

/** Numbers within the differences of other processors' arithmetic. */
function close(value: unknown): unknown {
  if (typeof value === "number") return expect.closeTo(value, 4);
  if (Array.isArray(value)) return value.map(close);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, close(item)]));
}
