// One cell of the table.
import { startParticipant } from "./participant.mjs";
import { median, ratioOfMedians } from "./statistics.mjs";
import { createWorkload } from "./workload.mjs";

const checkedSteps = 50;
const tolerance = 1e-3;

/** The largest difference of two lists of losses, relative where they are above 1; infinite where one is no number. */
function largestDifference(ours, theirs) {
  const differences = ours.map((loss, step) => Math.abs(loss - theirs[step]) / Math.max(1, Math.abs(theirs[step])));
  return Math.max(
    ...differences.map((difference) => (Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference)),
  );
}

/** Steps until a participant is warm, and then how long one takes, in milliseconds. */
async function warmUp(participant, milliseconds) {
  let spent = 0;
  for (let count = 10; ; count = Math.min(2 * count, 500)) {
    const answer = await participant.steps(count);
    spent += answer.milliseconds;
    if (spent >= milliseconds && count >= 40) return answer.milliseconds / count;
  }
}

/**
 * Compares losses with nothing dropped, then times the steps as declared: every participant makes the same number of
 * steps in a round, one after the other and never two at once, each round beginning with another one.
 */
export async function measureCell({ library, directory, cell, participants, cores, rounds, quick }) {
  const { net, batch, threads } = cell;
  const { checked, timed, drops } = createWorkload(library, directory, net, batch);
  const running = [];
  const unavailable = {};
  try {
    for (const { name, command } of participants) {
      let participant;
      try {
        // The last cores: the first has the most of the system's own work.
        participant = await startParticipant({
          name,
          command: command(threads),
          threads,
          cores: cores?.slice(-threads),
        });
        running.push({ ...participant, loading: await participant.load(checked) });
        running.at(-1).losses = (await participant.steps(checkedSteps)).losses;
        if (drops) running.at(-1).loading = await participant.load(timed);
        running.at(-1).milliseconds = await warmUp(participant, quick ? 200 : 500);
      } catch (error) {
        if (running.at(-1)?.name === name) running.pop();
        await participant?.stop();
        // Without ours or the yardstick there is nothing to compare; the others are beside it.
        if (name === "perennial" || name === "torch") throw error;
        unavailable[name] = error.message;
      }
    }
    const [ours, yardstick] = running;
    const shortest = quick ? 100 : 300;
    const count = Math.max(10, Math.ceil(shortest / Math.min(ours.milliseconds, yardstick.milliseconds)));
    for (const participant of running) Object.assign(participant, { times: [], cpu: [] });
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < running.length; turn++) {
        const participant = running[(round + turn) % running.length];
        const { milliseconds, cpuMilliseconds } = await participant.steps(count);
        participant.times.push(milliseconds / count);
        participant.cpu.push(cpuMilliseconds / count);
      }
    }
    return {
      result: resultOf(cell, running, unavailable, count),
      versions: Object.assign({}, ...running.map(({ versions }) => versions)),
    };
  } finally {
    for (const participant of running) await participant.stop();
  }
}

function resultOf(cell, [ours, ...others], unavailable, stepsPerRound) {
  const peers = Object.fromEntries(
    others.map((peer) => [
      peer.name,
      {
        msPerStep: median(peer.times),
        cpuMsPerStep: median(peer.cpu),
        ...ratioOfMedians(peer.times, ours.times),
        lossDifference: largestDifference(ours.losses, peer.losses),
        loss: peer.losses.at(-1),
        rounds: peer.times,
      },
    ]),
  );
  const { torch } = peers;
  return {
    ...cell,
    msPerStep: median(ours.times),
    torchMsPerStep: torch.msPerStep,
    ratioTorch: torch.ratio,
    interval: torch.interval,
    cpuMsPerStep: median(ours.cpu),
    compileMs: ours.loading.compileMilliseconds,
    loadMs: ours.loading.milliseconds,
    nodes: ours.loading.nodes,
    loss: ours.losses.at(-1),
    lossDifference: torch.lossDifference,
    lossesAgree: torch.lossDifference <= tolerance,
    stepsPerRound,
    rounds: ours.times,
    peers,
    unavailable,
  };
}
