import { expect } from "vitest";
import type { PlatformProcess } from "./platform-process.js";

/** What a client of a platform does. `platform` is called for each request, as it may be started later. */
export function clientOf(platform: () => PlatformProcess) {
  // biome-ignore lint/suspicious/noExplicitAny: what a client gets is as its query says.
  async function ask(query: string, variables: object = {}): Promise<any> {
    const { body } = await platform().post(query, variables);
    expect(body.errors).toBeUndefined();
    return body.data;
  }

  /** The payload of a mutation. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  async function send(field: string, type: string, input: object, answer = ""): Promise<any> {
    const query = `mutation ($input: ${type}!) { ${field}(input: $input) { problems { path code message } ${answer} } }`;
    return (await ask(query, { input }))[field];
  }

  /** The payload of a mutation without problems. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  async function accept(field: string, type: string, input: object, answer = ""): Promise<any> {
    const answered = await send(field, type, input, answer);
    expect(answered.problems).toEqual([]);
    return answered;
  }
  return { ask, send, accept };
}
