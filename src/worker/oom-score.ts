import { readFile, writeFile } from "node:fs/promises";

/**
 * The maximum: such a process is killed before all others, whatever their size. A lower score is not enough. While a killed
 * process still frees its memory, Linux may kill another one, and a worker is larger than a spare trainer that has just
 * started.
 */
const margin = 1_000;
/** Linux's own limit. */
const highestScore = 1_000;

/**
 * Makes the kernel kill this child before this process when memory runs out (`oom_score_adj`, Linux,
 * Documentation/filesystems/proc.rst), because a worker can replace a trainer. Raising the score needs no privilege. On
 * systems without such a file nothing happens.
 */
export async function preferForOomKill(child: number): Promise<void> {
  try {
    const own = Number(await readFile("/proc/self/oom_score_adj", "utf8"));
    await writeFile(`/proc/${child}/oom_score_adj`, String(Math.min(own + margin, highestScore)));
  } catch {
    // The child may have ended already.
  }
}
