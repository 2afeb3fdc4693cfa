import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

/** @param cores that participants are pinned to; undefined where they are not. */
export function describeMachine(cores) {
  return {
    processor: os.cpus()[0]?.model.trim() ?? "unknown",
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    pinned: cores !== undefined,
    /** Of the minute before: what else kept the machine busy. */
    loadAverage: os.loadavg()[0],
    versions: {},
  };
}

const number = (value, digits = 2) => (value === undefined ? "–" : value.toFixed(digits));
const duration = (milliseconds) => number(milliseconds, milliseconds < 1 ? 3 : 2);
const interval = ([low, high]) => `${number(low)}–${number(high)}`;

/** A cell in one line of the terminal. */
export function line(cell) {
  const { net, batch, threads, msPerStep, torchMsPerStep, ratioTorch, peers, unavailable } = cell;
  const beside = Object.entries(peers)
    .filter(([name]) => name !== "torch")
    .map(([name, { msPerStep }]) => `${name} ${duration(msPerStep)}`);
  const parts = [
    `${net}:${batch}:${threads}`.padEnd(22),
    `${duration(msPerStep)} ms, torch ${duration(torchMsPerStep)} ms,`.padEnd(34),
    `ratio ${number(ratioTorch)} (${interval(cell.interval)})`.padEnd(26),
    ...beside,
    `compile ${number(cell.compileMs, 0)} ms`,
    cell.lossesAgree ? "" : `LOSSES DIFFER by ${cell.lossDifference.toExponential(1)}`,
    ...Object.entries(unavailable).map(([name, reason]) => `(no ${name}: ${reason.slice(0, 120)})`),
  ];
  return parts.filter(Boolean).join("  ");
}

function row(cell) {
  const beside = (name) => cell.peers[name];
  const against = (peer) => (peer ? `${duration(peer.msPerStep)} (${number(peer.ratio)})` : "–");
  return [
    cell.net.replaceAll("_", " "),
    cell.batch,
    cell.threads,
    duration(cell.msPerStep),
    duration(cell.torchMsPerStep),
    `**${number(cell.ratioTorch)}**`,
    interval(cell.interval),
    against(beside("torch-fused")),
    against(beside("torch-compile")),
    against(beside("keras")),
    number(cell.compileMs, 0),
    cell.lossesAgree ? cell.lossDifference.toExponential(0) : `**${cell.lossDifference.toExponential(1)}**`,
  ];
}

const columns = [
  "net",
  "batch",
  "threads",
  "ours, ms",
  "PyTorch, ms",
  "ratio",
  "95 %",
  "fused Adam, ms",
  "torch.compile, ms",
  "Keras, ms",
  "compiling, ms",
  "losses differ by",
];

/** The results that a directory holds. */
export const readResults = (directory) => JSON.parse(readFileSync(path.join(directory, "engine.json"), "utf8"));

const place = ({ net, batch, threads }) => `${net}:${batch}:${threads}`;

/** Former results with the cells that were measured again in their places, each with its date. */
export function updated(former, { date, rounds, machine, cells }) {
  const { loadAverage } = machine;
  const again = new Map(cells.map((cell) => [place(cell), { ...cell, date, measuredRounds: rounds, loadAverage }]));
  return { ...former, cells: former.cells.map((cell) => again.get(place(cell)) ?? cell) };
}

/** Which cells are younger than the rest. */
function younger(cells) {
  const dates = [...new Set(cells.map(({ date }) => date))].filter((date) => date !== undefined);
  return dates
    .map((date) => [date, cells.filter((cell) => cell.date === date)])
    .map(
      ([date, again]) =>
        `Measured again on ${date.slice(0, 10)} at ${date.slice(11, 16)} UTC: ${again.map(place).join(", ")}.\n`,
    )
    .join("");
}

function page({ machine, date, rounds, cells }) {
  const { processor, cores, system, versions, pinned, loadAverage } = machine;
  const software = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const table = [columns, columns.map(() => "---"), ...cells.map(row)].map((entries) => `| ${entries.join(" | ")} |`);
  return `# Training steps: Perennial and PyTorch

${processor}, ${cores} cores, ${system}; ${software.join(", ")}. Processes ${pinned ? "pinned" : "not pinned"}; load average at
the start ${number(loadAverage)}. ${date.slice(0, 10)}, \`npm run bench:engine\`.

One step: batch in, forward, backward, Adam, loss out; medians of ${rounds} interleaved rounds. The ratio is eager PyTorch's
time over ours, so above 1 we are faster, with its 95 % interval; in parentheses the same for what stands beside it.
Compiling is what it takes to trace, optimize and load the step. Losses are compared over 50 steps from the same weights
with nothing dropped. What is measured, and how: [bench/engine](../engine/README.md).
${younger(cells)}
${table.join("\n")}
`;
}

/** Writes `engine.json` and `engine.md`. */
export function writeResults(directory, results) {
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, "engine.json"), `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(path.join(directory, "engine.md"), page(results));
}
