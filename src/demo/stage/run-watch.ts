import { SingleBar } from "cli-progress";
import { decimals, type Screen } from "./screen.js";
import { DemoFailure, type Stage } from "./stage.js";

interface MetricBatch {
  runMetrics: { cursor: string; points: { name: string; step: number; epoch: number; value: number }[] };
}

/** A run as `07-run.graphql` answers it. */
export interface WatchedRun {
  state: string;
  error: { code: string; message: string } | null;
  progress: { epoch: number; epochs: number; step: number; steps: number };
  metrics: { name: string; points: { step: number; epoch: number; value: number }[] }[];
  version: { ref: string; number: number } | null;
}

/** What is shown of a run while it trains. */
interface Moment {
  epoch: number;
  step: number;
  loss: number;
  /** Undefined before the first epoch has ended, and where there are no validation rows. */
  valAccuracy: number | undefined;
}

interface ProgressView {
  show(moment: Moment): void;
  end(): void;
}

/**
 * Follows a run to its end with a progress bar, or with some lines where the output is no terminal.
 *
 * @throws DemoFailure when it does not succeed
 */
export async function watchRun({ client, screen, operation }: Stage, runId: string): Promise<WatchedRun> {
  const query = await operation("07-run");
  const read = async () => (await client.request<{ run: WatchedRun }>(query, { id: runId })).run;
  const moment: Moment = { epoch: 0, step: 0, loss: Number.NaN, valAccuracy: undefined };
  const batches = client.follow<MetricBatch>(
    await operation("06-run-metrics"),
    { runId },
    ({ runMetrics }) => runMetrics.cursor,
  );
  let view: ProgressView | undefined;
  try {
    for await (const { runMetrics } of batches) {
      view ??= createView(screen, (await read()).progress);
      for (const { name, step, epoch, value } of runMetrics.points) {
        Object.assign(moment, { step, epoch });
        if (name === "loss") moment.loss = value;
        if (name === "val_accuracy") moment.valAccuracy = value;
        // A log shows the ends of epochs, and batches come as they come.
        if (name === "val_accuracy" && !screen.animated) view.show(moment);
      }
      if (screen.animated) view.show(moment);
    }
  } finally {
    view?.end();
  }
  const run = await read();
  if (run.state !== "SUCCEEDED") {
    throw new DemoFailure(`The run ended as ${run.state}: ${run.error?.message ?? "no reason was given"}`);
  }
  return run;
}

function createView(screen: Screen, total: WatchedRun["progress"]): ProgressView {
  return screen.animated ? progressBar(screen, total) : progressLines(screen, total);
}

function progressBar({ stream, style }: Screen, { epochs, steps }: WatchedRun["progress"]): ProgressView {
  const bar = new SingleBar({
    format: `    ${style("green", "{bar}")}  epoch {epoch}  loss {loss}  val_accuracy {accuracy}`,
    stream,
    barsize: 24,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    hideCursor: true,
    // The demo stops the bar itself, and nothing else may listen to Ctrl-C.
    gracefulExit: false,
  });
  const payload = ({ epoch, loss, valAccuracy }: Moment) => ({
    epoch: `${String(epoch).padStart(String(epochs).length)}/${epochs}`,
    loss: decimals(loss),
    accuracy: valAccuracy === undefined ? "     –" : decimals(valAccuracy),
  });
  bar.start(steps, 0, payload({ epoch: 0, step: 0, loss: 0, valAccuracy: undefined }));
  return { show: (moment) => bar.update(moment.step, payload(moment)), end: () => bar.stop() };
}

function progressLines({ print }: Screen, { epochs }: WatchedRun["progress"]): ProgressView {
  let shown = "";
  let last = "";
  return {
    show({ epoch, loss, valAccuracy = Number.NaN }) {
      const at = `${String(epoch).padStart(String(epochs).length)}/${epochs}`;
      last = `    epoch ${at}  loss ${decimals(loss)}  val_accuracy ${decimals(valAccuracy)}`;
      if (epoch % 5 !== 0 && epoch !== 1) return;
      print(last);
      shown = last;
    },
    end() {
      if (last !== shown) print(last);
    },
  };
}
