import { randomUUID } from "node:crypto";
import { type NodeType, nouns } from "./nouns.js";

export type { NodeType } from "./nouns.js";

const types = new Map(Object.entries(nouns).map(([type, { prefix }]) => [prefix as string, type as NodeType]));

/** A fresh id such as `run_6f9c…`: a random UUID behind the kind, so that `node(id)` and log lines need no table. */
export function newId(type: NodeType): string {
  return `${nouns[type].prefix}_${randomUUID()}`;
}

/** The kind an id names, or undefined when it was not issued here. */
export function nodeTypeOf(id: string): NodeType | undefined {
  const match = /^([a-z]+)_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.exec(id);
  return match ? types.get(match[1] as string) : undefined;
}
