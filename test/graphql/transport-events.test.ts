import { buildSchema, parse } from "graphql";
import { describe, expect, it } from "vitest";
import { createAdmission, smallOperation } from "../../src/transport/admission.js";
import { createWrittenAnswers, writtenEvent } from "../../src/transport/answer-text.js";
import type { ErrorFormatter } from "../../src/transport/error-format.js";
import { executeLimited } from "../../src/transport/limited-execution.js";

const format: ErrorFormatter = (error) => ({ message: String((error as Error).message) });

describe("Events of many subscribers", () => {
  it("are computed in the order in which they came, as many at once as one small operation has values", () => {
    const admit = createAdmission();
    const values = smallOperation / 4;
    const started: number[] = [];
    const releases = Array.from({ length: 10 }, (_, place) =>
      admit({ type: "subscription", values }, () => started.push(place)),
    );
    expect(started).toEqual([0, 1, 2, 3]);
    releases[2]?.();
    expect(started).toEqual([0, 1, 2, 3, 4]);
    // One that is given up while it waits takes no room.
    releases[5]?.();
    releases[0]?.();
    expect(started).toEqual([0, 1, 2, 3, 4, 6]);
    for (const release of releases) release();
    expect(started).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9]);
  });

  it("that are over at once start one after another, not from within each other", () => {
    const admit = createAdmission();
    let deepest = 0;
    let depth = 0;
    const held = admit({ type: "subscription", values: smallOperation }, () => {});
    for (let count = 0; count < 20_000; count++) {
      const release = admit({ type: "subscription", values: smallOperation }, () => {
        depth += 1;
        deepest = Math.max(deepest, depth);
        release();
        depth -= 1;
      });
    }
    held();
    expect(deepest).toBe(1);
  });

  it("do not keep queries and mutations waiting", () => {
    const admit = createAdmission();
    const held = admit({ type: "subscription", values: smallOperation }, () => {});
    const started: string[] = [];
    admit({ type: "query", values: 10 }, () => started.push("query"))();
    admit({ type: "mutation", values: 10 }, () => started.push("mutation"))();
    held();
    expect(started).toEqual(["query", "mutation"]);
  });

  it("give their room back, also those that are computed at once", async () => {
    const schema = buildSchema("type Query { a: Int } type Subscription { a: Int }");
    const cost = { nodes: 0, values: smallOperation, statements: 0, seconds: 0, most: { nodes: "", values: "" } };
    for (let count = 0; count < 3; count++) {
      const result = await executeLimited({
        schema,
        document: parse("subscription { a }"),
        rootValue: { a: count },
        contextValue: {},
        type: "subscription",
        cost,
        limits: { seconds: 5, maxAnswerBytes: 1_000 },
      });
      expect(result).toEqual({ data: { a: count } });
    }
  });

  it("wait for their client as text, which is given out once and not kept", async () => {
    const data = { runMetrics: { points: [{ name: 'loss "a"', value: 0.5 }], finished: false } };
    const event = await writtenEvent({ data, errors: undefined });
    expect(event.data).not.toBe(data);
    const answers = createWrittenAnswers();
    const payload = await answers.present(event, format);
    expect(JSON.stringify(payload).length).toBeLessThan(60);
    const message = answers.complete(JSON.stringify({ id: "1", type: "next", payload }));
    expect(JSON.parse(message)).toEqual({ id: "1", type: "next", payload: { data } });
    // The library keeps the event until its client has taken it: what it keeps is empty.
    const again = createWrittenAnswers();
    expect(again.complete(JSON.stringify({ payload: await again.present(event, format) }))).toBe(
      '{"payload":{"data":}}',
    );
  });

  it("keep their errors beside their data, and have none without", async () => {
    const answers = createWrittenAnswers();
    const failed = await writtenEvent({ data: { a: null }, errors: [new Error("away") as never] });
    const message = answers.complete(JSON.stringify({ payload: await answers.present(failed, format) }));
    expect(JSON.parse(message)).toEqual({ payload: { errors: [{ message: "away" }], data: { a: null } } });
    expect(await writtenEvent({ data: null, errors: [] })).toEqual({ data: null, errors: [] });
  });
});
