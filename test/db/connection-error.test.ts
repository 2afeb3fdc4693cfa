import { QueryFailedError } from "typeorm";
import { QueryRunnerProviderAlreadyReleasedError } from "typeorm/error/QueryRunnerProviderAlreadyReleasedError.js";
import { describe, expect, it } from "vitest";
import { isConnectionError, isDiskFull } from "../../src/db/connection-error.js";

const withCode = (code: string) => Object.assign(new Error(code), { code });
const fromQuery = (code: string) => new QueryFailedError("SELECT 1", [], withCode(code));

describe("a connection error", () => {
  it.each([
    ["a refused connection", withCode("ECONNREFUSED"), true],
    ["a name that cannot be resolved for now", withCode("EAI_AGAIN"), true],
    ["a server that shuts down, wrapped by TypeORM", fromQuery("57P01"), true],
    ["a connection cut in the middle of a transaction", new QueryRunnerProviderAlreadyReleasedError(), true],
    ["a query that was not answered in time", new Error("Query read timeout"), true],
    ["a statement that Postgres gave up", fromQuery("57014"), true],
    ["a transaction that was silent for too long", fromQuery("25P03"), true],
    ["all addresses of a host refused", new AggregateError([withCode("ECONNREFUSED")]), true],
    ["a full disk", fromQuery("53100"), true],
    ["a broken rule of the schema", fromQuery("23505"), false],
    ["a fault in the code", new TypeError("x is not a function"), false],
    ["nothing at all", undefined, false],
  ])("is told apart: %s", (_, error, expected) => {
    expect(isConnectionError(error)).toBe(expected);
  });

  it("of a full disk is known as such", () => {
    expect([fromQuery("53100"), fromQuery("57P01"), undefined].map(isDiskFull)).toEqual([true, false, false]);
  });
});
