import { readFile, writeFile } from "node:fs/promises";

/**
 * The whole scale: whoever has it is taken before all who do not, however large they are. Less is not enough. While one that
 * was killed still gives its memory back, Linux may kill the next, and among a worker and the spare trainer that has just
 * been started, the worker is the larger one.
 */
const margin = 1_000;
/** Linux's own limit. */
const highestScore = 1_000;

/**
 * When memory runs out, has the kernel kill that child rather than this process (`oom_score_adj`, Linux,
 * Documentation/filesystems/proc.rst). A trainer can be replaced by its worker, and a worker by nobody. Raising the score
 * needs no privilege; where there is no such file, as on other systems, nothing happens.
 */
export async function preferForOomKill(child: number): Promise<void> {
  try {
    const own = Number(await readFile("/proc/self/oom_score_adj", "utf8"));
    await writeFile(`/proc/${child}/oom_score_adj`, String(Math.min(own + margin, highestScore)));
  } catch {
    // The child may also be gone already.
  }
}
