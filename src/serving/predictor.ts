import { setImmediate as nextTurn } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import type { DataSource } from "typeorm";
import type { Caller } from "../db/caller.js";
import { sessionOf } from "../db/session.js";
import { predictionBatchSizes } from "../engine/programs/prediction-batches.js";
import { Dataset } from "../entities/dataset.js";
import { Artifact, ModelVersion } from "../entities/version.js";
import { PlatformError } from "../errors.js";
import { type DecodeImages, decodeImageFiles, imageBudget } from "../features/image-files.js";
import { toPredictions } from "../features/predictions.js";
import type { FittedPreprocessing } from "../features/preprocessing.js";
import { dropped, unawaited } from "../guarded.js";
import type { Feature } from "../language/datasets/dataset.js";
import type { Problem } from "../language/fields/problem.js";
import type { ModelSpec } from "../language/models/model.js";
import type { RowAnswer } from "../language/models/prediction.js";
import { takesMissing } from "../language/preprocessing/missing.js";
import { modelOfVersion } from "../registry/frozen-model.js";
import { requireVersionId } from "../registry/versions.js";
import type { ObjectStore } from "../storage/object-store.js";
import { predictionLimits, type ServedVersionLimits, servedVersionLimits, turnMilliseconds } from "./limits.js";
import { type Loadable, LoadedVersions, VersionLost } from "./loaded-versions.js";
import type { SliceAnswer, ToThread } from "./protocol.js";
import { createSliceCheck, type FittingRows, RowProblems, type SliceCheck } from "./row-checks.js";
import { rowsPerSlice, slicesOf } from "./slices.js";
import { createThreadCalls } from "./thread-calls.js";

export interface Predictor {
  /**
   * One answer per raw row, in order. Rows need every input of the model. Other features of its dataset are allowed and
   * ignored.
   *
   * @param caller whose turns the slices of the rows take; by default a request of its own.
   * @param most of how many classes the probabilities are listed, where there are many; see `TargetCodec.decode`.
   * @throws PlatformError INVALID_ROWS with the problems in `details.problems` if no row can be answered;
   *   LIMIT_EXCEEDED or DEADLINE_EXCEEDED as `predictionLimits` and `servedVersionLimits` say.
   */
  predict(versionId: string, rows: readonly unknown[], caller?: Caller, most?: number): Promise<RowAnswer[]>;

  /**
   * `predict` with the version that `reference` means at this moment: `name`, `name/3` or `name@alias`.
   *
   * @throws PlatformError NOT_FOUND or BAD_INPUT about the reference, else as `predict`.
   */
  predictBy(
    reference: string,
    rows: readonly unknown[],
    caller?: Caller,
    most?: number,
  ): Promise<{ versionId: string; predictions: RowAnswer[] }>;
  close(): Promise<void>;
}

/** How many references are remembered with the version that they meant. */
const rememberedReferences = 1_000;

/** How often the thread may end during one request before the request fails. */
const mostLost = 3;

/** Who asks, and of how many classes. */
interface Asked {
  caller: Caller;
  most: number | undefined;
}

/** A loaded version, as far as this side of the thread needs it. */
interface Version {
  versionId: string;
  model: ModelSpec;
  preprocessing: FittedPreprocessing;
  rowsPerSlice: number;
  check: SliceCheck;
}

/**
 * Serves versions from one worker thread. A version is read from the store and verified once, and stays loaded while it is in
 * use or among the most recently used ones (see `LoadedVersions`). Rows are checked and sent in slices, and requests take
 * turns: a large request delays a small one by a slice or two.
 *
 * @param options.decodeImages on a server that of `Intake`; default: on the calling thread.
 */
export function createPredictor(options: {
  db: DataSource;
  store: ObjectStore;
  threadUrl?: URL;
  limits?: ServedVersionLimits;
  decodeImages?: DecodeImages;
}): Predictor {
  const { db, store, threadUrl = new URL("./thread.js", import.meta.url), limits = servedVersionLimits } = options;
  const { decodeImages = decodeImageFiles } = options;
  const thread = createThreadCalls<ToThread, SliceAnswer>({
    ...{ url: threadUrl, what: "predictions", limits: predictionLimits },
    // Versions are loaded in the memory of the thread.
    onEnd: () => versions.clear(),
  });
  const versions = new LoadedVersions<Version>(
    limits,
    (versionId) => find(versionId),
    (versionId) => thread.postIfRunning({ type: "UNLOAD", versionId }),
  );

  async function find(versionId: string): Promise<Loadable<Version>> {
    const version = await db.manager.findOneByOrFail(ModelVersion, { id: versionId });
    const spec = await modelOfVersion(db.manager, version);
    const artifact = await db.manager.findOneByOrFail(Artifact, { versionId, name: "weights.safetensors" });
    const { preprocessing } = version;
    const check = sliceCheck(
      spec,
      await db.manager.findOneBy(Dataset, sessionOf(db).scope.where<Dataset>(spec.dataset)),
      decodeImages,
    );
    return {
      // The parameters, and a copy for each program.
      bytes: artifact.sizeBytes * (1 + predictionBatchSizes.length),
      async read() {
        const weights = await store.get(artifact.objectKey, artifact.digest.replace(/^sha256:/, ""));
        return {
          version: { versionId, model: spec, preprocessing, check, rowsPerSlice: rowsPerSlice(spec) },
          load: () => thread.post({ type: "LOAD", version: { versionId, model: spec, preprocessing, weights } }),
        };
      },
    };
  }

  // The version that each reference meant the last time.
  const meanings = new LRUCache<string, string>({ max: rememberedReferences });

  async function predictBy(
    reference: string,
    rows: readonly unknown[],
    caller: Caller = { request: {} },
    most?: number,
  ) {
    // An alias may have moved, so Postgres is always asked; what it will most likely say is computed meanwhile.
    const session = sessionOf(caller.session ?? db);
    const meaning = session.scope.cacheKey(reference);
    const guess = meanings.get(meaning);
    let wrong = false;
    const guessed = guess === undefined ? undefined : answer(guess, rows, { caller, most }, () => wrong);
    guessed?.catch(() => {});
    try {
      const versionId = await requireVersionId(session, reference);
      meanings.set(meaning, versionId);
      wrong = versionId !== guess;
      return { versionId, predictions: await (guessed && !wrong ? guessed : predict(versionId, rows, caller, most)) };
    } catch (error) {
      wrong = true;
      throw error;
    }
  }

  const predict = (versionId: string, rows: readonly unknown[], caller: Caller = { request: {} }, most?: number) =>
    answer(versionId, rows, { caller, most }, () => false);

  /** @param isMoot whether the answer is not needed any more. */
  async function answer(versionId: string, rows: readonly unknown[], asked: Asked, isMoot: () => boolean) {
    for (let lost = 0; ; lost++) {
      try {
        const { version, release } = await versions.use(versionId);
        const underway: Promise<unknown>[] = [];
        try {
          return await answerBy(version, rows, asked, underway, isMoot);
        } finally {
          // It stays loaded until the thread has answered all slices that it was sent.
          unawaited(Promise.allSettled(underway).then(release), dropped);
        }
      } catch (error) {
        if (!(error instanceof VersionLost) || lost === mostLost) throw error;
      }
    }
  }

  async function answerBy(
    version: Version,
    rows: readonly unknown[],
    asked: Asked,
    underway: Promise<unknown>[],
    isMoot: () => boolean,
  ): Promise<RowAnswer[]> {
    const problems = new RowProblems();
    const images = imageBudget();
    const answers = new Array<RowAnswer | undefined>(rows.length);
    let turnBegan = performance.now();
    for (const slice of slicesOf(version.model, version.rowsPerSlice, rows)) {
      if (isMoot() || asked.caller.signal?.aborted)
        throw new PlatformError("DEADLINE_EXCEEDED", "Nobody waits any more.");
      if (performance.now() - turnBegan > turnMilliseconds) {
        await nextTurn();
        turnBegan = performance.now();
      }
      // One slice is checked while another is computed.
      if (underway.length === 2) {
        await underway.shift();
        turnBegan = performance.now();
      }
      const checked = await version.check(rows, slice, problems, images);
      if (checked.rows.length === 0) continue;
      const answering = answerSlice(version, checked, asked, answers, problems);
      answering.catch(() => {});
      underway.push(answering);
    }
    await Promise.all(underway);
    if (problems.rows === rows.length) throw invalidRows(problems.ofAll());
    return Array.from(
      answers,
      (found, row) => found ?? { value: null, probabilities: null, problems: problems.of(row) },
    );
  }

  async function answerSlice(
    { versionId, model, preprocessing }: Version,
    { table, rows }: FittingRows,
    { caller, most }: Asked,
    answers: (RowAnswer | undefined)[],
    problems: RowProblems,
  ): Promise<void> {
    const answered = await thread.call(caller, { type: "PREDICT", versionId, table });
    if (answered === "NOT_LOADED") throw new VersionLost(`version ${versionId} was loaded`);
    const { outputs, faults } = answered;
    const refuse = (row: number, message: string) =>
      problems.add(row, [{ path: `rows[${row}]`, code: "OUT_OF_RANGE", message }]);
    for (const { row, message } of faults) refuse(rows[row] as number, message);
    const faulty = new Set(faults.map(({ row }) => row));
    const made = toPredictions(model, preprocessing, outputs, table.rowCount - faults.length, most);
    const predictions = made[Symbol.iterator]();
    for (const [index, row] of rows.entries()) {
      if (faulty.has(index)) continue;
      const { value: prediction } = predictions.next();
      if (prediction) answers[row] = { ...prediction, problems: [] };
      else
        refuse(
          row,
          "the model's output is not a finite number; the inputs lie too far outside what it was trained on.",
        );
    }
  }

  return { predict, predictBy, close: () => thread.close() };
}

/**
 * The check of a version's rows. A dataset with rows keeps its features, so the features that the version was trained with still
 * exist.
 */
function sliceCheck(
  { inputs, target, sampleWeight }: ModelSpec,
  dataset: Dataset | null,
  decodeImages: DecodeImages,
): SliceCheck {
  const features = inputs.map(
    ({ feature, missing, ...input }): Feature => ({
      ...{ ...input, name: feature, description: "" },
      ...(takesMissing({ missing }) && { nullable: true }),
    }),
  );
  const ignored = new Set(sampleWeight ? [target.feature, sampleWeight] : [target.feature]);
  for (const { name } of dataset?.features ?? []) ignored.add(name);
  for (const { name } of features) ignored.delete(name);
  return createSliceCheck(features, ignored, decodeImages);
}

function invalidRows(problems: Problem[]): PlatformError {
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
  return new PlatformError("INVALID_ROWS", `${first?.path}: ${first?.message}${more}`, { problems });
}
