/** Runs what closes a process's parts, the last opened first. One that fails does not keep the others open. */
export async function closeAll(closers: (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (let close = closers.pop(); close; close = closers.pop()) await close().catch((error) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}
