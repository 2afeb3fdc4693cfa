import { readFile } from "node:fs/promises";
import type { Client, Variables } from "../../client/client.js";
import type { Screen } from "./screen.js";

/** What goes wrong in the story itself; the demo then ends with 1. */
export class DemoFailure extends Error {}

/** What the chapters have in common. */
export interface Stage {
  client: Client;
  screen: Screen;
  /** Reads `examples/digits/<name>.graphql`. */
  operation(name: string): Promise<string>;
  /** Shows an operation and sends it. */
  send<Data>(name: string, variables: Variables): Promise<Data>;
}

export function createStage({ client, screen, examples }: { client: Client; screen: Screen; examples: URL }): Stage {
  const operation = (name: string) => readFile(new URL(`${name}.graphql`, examples), "utf8");
  return {
    client,
    screen,
    operation,
    async send<Data>(name: string, variables: Variables) {
      const document = await operation(name);
      screen.operation(document, variables);
      return client.request<Data>(document, variables);
    },
  };
}

/** What every mutation answers beside its result. */
export interface Payload {
  problems: { path: string; code: string; message: string }[];
}

/** The payload of a mutation that was not refused. */
export function accepted<Result extends Payload>(payload: Result): Result {
  if (payload.problems.length === 0) return payload;
  const reasons = payload.problems.map(({ path, code, message }) => `${path || "input"}: ${message} (${code})`);
  throw new DemoFailure(reasons.join("\n"));
}
