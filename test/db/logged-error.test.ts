import { Writable } from "node:stream";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { queryPrepared } from "../../src/db/prepared.js";
import { loggedError, safeMessage } from "../../src/programs/logged-error.js";
import { withConnection } from "../../src/segments/duckdb.js";
import { type TestDatabase, testDatabase } from "../support/database.js";

const value = "confidential-7b1e";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  await database.db.query(`
    CREATE TABLE person (name text PRIMARY KEY, age int CHECK (age > 0), born date, tag varchar(5) NOT NULL);
    INSERT INTO person VALUES ('${value}', 1, '2000-01-01', 'a')`);
});
afterAll(() => database.close());

/** What a log holds of an error, as text. */
function lineOf(error: unknown): string {
  let line = "";
  const sink = new Writable({
    write(chunk, _encoding, done) {
      line += chunk;
      done();
    },
  });
  pino({ serializers: { err: loggedError } }, sink).error({ err: error }, "it failed");
  return line;
}

const thrownBy = (run: () => Promise<unknown>) =>
  run().then(
    () => {
      throw new Error("nothing was thrown");
    },
    (error: Error) => error,
  );

describe("an error of Postgres is logged without values", () => {
  it.each([
    [
      "a value that is there already",
      "INSERT INTO person VALUES ($1, 1, NULL, 'a')",
      [value],
      { code: "23505", constraint: "person_pkey", table: "person" },
    ],
    [
      "a check",
      "INSERT INTO person VALUES ($1, $2, NULL, 'a')",
      [`${value}2`, -1],
      { code: "23514", constraint: "person_age_check" },
    ],
    [
      "no value",
      "INSERT INTO person VALUES ($1, 1, NULL, NULL)",
      [`${value}2`],
      { code: "23502", column: "tag", table: "person" },
    ],
    ["no number", "SELECT $1::text::int", [value], { code: "22P02" }],
    ["no date", "SELECT $1::text::date", [value], { code: "22007" }],
    ["no JSON", "SELECT $1::text::jsonb", [`{"a": ${value}`], { code: "22P02" }],
    ["too long a text", "UPDATE person SET tag = $1", [value], { code: "22001" }],
    ["no array", "SELECT $1::text::int[]", [`{${value}`], { code: "22P02" }],
    ["an enormous number", "SELECT ($1::text || '1')::int", ["9".repeat(30)], { code: "22003" }],
    ["no time zone", "SELECT now() AT TIME ZONE $1::text", [value], { code: "22023" }],
  ])("%s", async (_, statement, parameters, expected) => {
    const throughTypeorm = await thrownBy(() => database.db.query(statement, parameters));
    const throughPool = await thrownBy(() =>
      queryPrepared(database.db, { name: statement, text: statement }, parameters),
    );
    for (const error of [
      throughTypeorm,
      throughPool,
      new Error("a wrapper", { cause: throughTypeorm }),
      new AggregateError([throughPool]),
    ]) {
      const line = lineOf(error);
      for (const parameter of parameters) expect(line).not.toContain(`${parameter}`);
      expect(line).not.toContain("Failing row");
      expect(safeMessage(error)).not.toContain(value);
    }
    const logged = JSON.parse(lineOf(throughTypeorm)).err;
    expect(logged).toMatchObject({ type: "QueryFailedError", statement, ...expected });
    expect(logged.stack).toMatch(/^ +at /);
    expect(JSON.parse(lineOf(throughPool)).err).toMatchObject(expected);
  });

  it("keeps what tells a fault of ours: the message, the statement and the place in it", async () => {
    const error = await thrownBy(() => database.db.query("SELECT nothing FROM person WHERE name = $1", [value]));
    expect(JSON.parse(lineOf(error)).err).toMatchObject({
      ...{ code: "42703", message: 'column "nothing" does not exist', position: "8" },
      statement: "SELECT nothing FROM person WHERE name = $1",
    });
  });
});

describe("other errors", () => {
  it.each([
    ["a cast", `SELECT '${value}'::INTEGER`, "DuckDB: Conversion Error"],
    ["a statement with a value in it", `SELECT '${value}' FROM`, "DuckDB: Parser Error"],
    ["a column", `SELECT "${value}"`, "DuckDB: Binder Error"],
    ["an error that is raised", `SELECT error('${value}')`, "DuckDB: Invalid Input Error"],
  ])("of DuckDB say their kind alone: %s", async (_, statement, message) => {
    const error = await thrownBy(() => withConnection((connection) => connection.run(statement)));
    expect(lineOf(error)).not.toContain(value);
    expect(JSON.parse(lineOf(error)).err).toMatchObject({ message });
  });

  it("of JSON.parse do not quote the text", async () => {
    const error = await thrownBy(async () => JSON.parse(`${value} is no JSON`));
    expect(lineOf(error)).not.toContain(value);
  });

  it("lose fields that nobody knows", () => {
    const error = Object.assign(new Error("it failed"), {
      parameters: [value],
      config: { password: value },
      code: "E1",
    });
    expect(lineOf(error)).not.toContain(value);
    expect(JSON.parse(lineOf(error)).err).toMatchObject({ type: "Error", message: "it failed", code: "E1" });
  });

  it("that are no errors are not shown", () => {
    expect(lineOf({ secret: value })).not.toContain(value);
    expect(lineOf(value)).not.toContain(value);
  });
});
