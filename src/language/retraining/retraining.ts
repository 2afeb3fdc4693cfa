import type { Gate, GateDeclaration } from "./gate.js";

/** A policy that keeps a model fresh: when to train again, how, and when the result may take the alias. */
export interface RetrainingDeclaration {
  name: string;
  description?: string | null;
  model: string;
  optimizer: string;
  enabled?: boolean | null;
  /** Exactly one trigger. `newRows`: rows since the version the alias points to was trained. */
  when: { newRows?: number | null };
  /** Exactly one way to train. */
  train: {
    fineTune?: {
      from: string;
      epochs: number;
      batchSize?: number | null;
      seed?: number | null;
      replay?: { fraction?: number | null } | null;
    } | null;
  };
  promote: GateDeclaration;
}

export interface RetrainingSpec {
  model: string;
  optimizer: string;
  when: { type: "newRows"; count: number };
  fineTune: {
    /** The alias whose version is the starting point. */
    from: string;
    epochs: number;
    /** Null: as the parent's run. */
    batchSize: number | null;
    seed: number;
    replay: { fraction: number };
  };
  promote: Gate;
}
