import type { Executable, Executor, State } from "../graphs/executor.js";
import type { Graph } from "../graphs/graph.js";

/** The executables of one graph at several batch sizes, loaded when first needed, all with the same state. */
export class Programs {
  private readonly loaded = new Map<number, Executable>();

  constructor(
    private readonly executor: Executor,
    private readonly graph: (batchSize: number) => Graph,
    private state: State,
  ) {}

  async at(batchSize: number): Promise<Executable> {
    const known = this.loaded.get(batchSize);
    if (known) return known;
    const executable = await this.executor.load(this.graph(batchSize));
    await executable.writeState(this.state);
    this.loaded.set(batchSize, executable);
    return executable;
  }

  /** Gives every program, loaded or not yet, a new state. */
  async write(state: State): Promise<void> {
    this.state = state;
    for (const executable of this.loaded.values()) await executable.writeState(state);
  }

  dispose(): void {
    for (const executable of this.loaded.values()) executable.dispose();
    this.loaded.clear();
  }
}
