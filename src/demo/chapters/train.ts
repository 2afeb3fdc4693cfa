import { drawLossChart } from "../stage/loss-chart.js";
import { type WatchedRun, watchRun } from "../stage/run-watch.js";
import { count, decimals, type Screen } from "../stage/screen.js";
import { accepted, DemoFailure, type Payload, type Stage } from "../stage/stage.js";
import type { Names } from "./declare.js";

/** Share of test digits that the first version must read right. */
export const requiredAccuracy = 0.95;

/** Trains the first version and shows the run live. Answers the version's number. */
export async function trainModel(stage: Stage, { model, optimizer }: Names): Promise<number> {
  const { screen, send, operation } = stage;
  screen.chapter("Train it, and watch", "A worker claims the run; its metrics come over a WebSocket as they are made.");
  const { train } = await send<{ train: Payload & { run: { id: string; state: string } } }>("05-train", {
    model,
    optimizer,
  });
  const { run } = accepted(train);
  screen.done(`${run.id} is ${run.state}`);
  screen.operation(await operation("06-run-metrics"), { runId: run.id });
  const started = performance.now();
  const ended = await watchRun(stage, run.id);
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  const { epochs, step } = ended.progress;
  const epoch = ended.metrics[0]?.points.at(-1)?.epoch ?? epochs;
  const early = epoch < epochs ? "; early stopping kept the best epoch's weights" : "";
  screen.done(`${count(step)} steps in ${epoch} of ${epochs} epochs, ${seconds} s${early}`);
  showLoss(screen, ended);
  if (!ended.version) throw new DemoFailure("The run succeeded without a version.");
  return ended.version.number;
}

/** Both curves where colours tell them apart, else the one that early stopping watches. */
function showLoss({ colored, style, print }: Screen, { metrics }: WatchedRun): void {
  const points = (name: string) => metrics.find((series) => series.name === name)?.points ?? [];
  const curves = [
    { name: "epoch_loss", points: points("epoch_loss"), color: "\x1b[33m", style: "yellow" as const },
    { name: "val_loss", points: points("val_loss"), color: "\x1b[36m", style: "cyan" as const },
  ].filter((curve) => curve.points.length > 0 && (colored || curve.name === "val_loss"));
  if (curves.length === 0) return;
  const names = curves.map((curve) => style(curve.style, curve.name)).join(" and ");
  const chart = drawLossChart(curves.map((curve) => (colored ? curve : { ...curve, color: undefined })));
  print("", `    ${style("bold", "Loss")} by optimizer step: ${names}`, ...chart.map((line) => `    ${line}`));
}

interface Version {
  ref: string;
  digest: string;
  evaluation: { split: string; name: string; value: number }[];
  artifacts: { name: string; sizeBytes: number; digest: string; url: string }[];
}

/** Shows a version with its test accuracy. */
export async function showVersion({ screen, send }: Stage, { model }: Names, number: number): Promise<void> {
  screen.chapter("Look at the version", "Immutable, numbered, with its weights, its lineage and its measurements.");
  const { modelVersion: version } = await send<{ modelVersion: Version }>("08-model-version", {
    ref: `${model}/${number}`,
  });
  const measured = (name: string) =>
    version.evaluation.find((value) => value.split === "TEST" && value.name === name)?.value ?? Number.NaN;
  const accuracy = measured("accuracy");
  screen.done(version.ref);
  screen.value("test accuracy", screen.style("bold", decimals(accuracy)));
  screen.value("test loss", decimals(measured("loss")));
  for (const { name, sizeBytes, digest } of version.artifacts)
    screen.value("artifact", `${name}, ${count(sizeBytes)} bytes, ${digest.slice(0, 19)}…`);
  if (!(accuracy >= requiredAccuracy))
    throw new DemoFailure(
      `The test accuracy is ${decimals(accuracy)}, and this story promises at least ${requiredAccuracy}.`,
    );
}
