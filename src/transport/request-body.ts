import express, { type Request, type RequestHandler, type Response } from "express";
import type { GraphQLSchema } from "graphql";
import { TOKEN_HEADER_KEY, TOKEN_QUERY_KEY } from "graphql-sse";
import { PlatformError } from "../errors.js";
import { dropped, guarded } from "../guarded.js";
import type { Body, Intake } from "../intake/intake.js";
import { markInexactIntegers } from "../language/fields/exact-integers.js";
import { count } from "../language/fields/wording.js";
import { errorBody } from "./error-format.js";
import { operationLimits, tooManyValues } from "./operation-limits.js";
import { rowsIn } from "./rows-in-schema.js";

/** Bounds of one request's body. */
export const bodyLimits = {
  /** Bytes, after decompression. */
  bytes: 16 * 1024 * 1024,
  /** Characters of the document, of which only tokens are bounded elsewhere: comments and long texts take time too. */
  queryCharacters: 1024 * 1024,
} as const;

/**
 * Reads JSON bodies into `request.body`, as `express.json` does, but large ones off the server's loop: what lists of rows
 * they hold becomes `ParkedRows`. An integer that 64-bit floats do not hold becomes a marker; see `exact-integers.ts`.
 */
export function readBody(intake: Intake, schema: GraphQLSchema): RequestHandler[] {
  const rowsAt = rowsIn(schema);
  const readBytes = express.raw({ type: "application/json", limit: bodyLimits.bytes });

  /** Waits for a share of what all requests together may hold. */
  const reserve: RequestHandler = async (request, response, next) => {
    if (!request.is("application/json")) return next();
    try {
      const giveBack = await intake.bodies.take(announcedBytes(request));
      response.locals.giveBack = giveBack;
      response.once("close", guarded(giveBack, dropped));
      next();
    } catch (error) {
      refuseBusy(response, error, next);
    }
  };

  const parse: RequestHandler = async (request, response, next) => {
    const bytes: unknown = request.body;
    if (!Buffer.isBuffer(bytes)) return next();
    const charset = charsetOf(request);
    const { queryCharacters } = bodyLimits;
    const variableValues = operationLimits.maxVariableValues;
    if (charset === undefined) return next({ status: 415, message: "The charset is not allowed for JSON." });
    try {
      const form = { charset, rowsAt, queryCharacters, variableValues };
      const body = await intake.parse(ownBytes(bytes.length === 0 ? noFields : bytes), form);
      releaseAtEnd(request, response, body.release);
      if (typeof body.value !== "object" || body.value === null) return next(notJson);
      const fault = tooMuch(body);
      if (fault !== undefined) {
        response.status(413).json(errorBody("LIMIT_EXCEEDED", fault));
        return;
      }
      request.body = body.value;
      next();
    } catch (error) {
      if (error instanceof SyntaxError) next(notJson);
      else refuseBusy(response, error, next);
    } finally {
      (response.locals.giveBack as (() => void) | undefined)?.();
    }
  };

  return [refuseInexactVariables, reserve, readBytes, parse];
}

function tooMuch({ queryCharacters, variableValues }: Body): string | undefined {
  if (queryCharacters > bodyLimits.queryCharacters)
    return `The document has more than ${count(bodyLimits.queryCharacters)} characters; data belongs into variables.`;
  return variableValues > operationLimits.maxVariableValues ? tooManyValues(variableValues) : undefined;
}

/** What a body without a byte stands for, as in `express.json`. */
const noFields = Buffer.from("{}");
const notJson = { status: 400, type: "entity.parse.failed" };

/** The variables of a GET are parsed elsewhere, where integers would be rounded: such integers are refused here. */
const refuseInexactVariables: RequestHandler = (request, response, next) => {
  const { variables } = request.query;
  if (request.method !== "GET" || typeof variables !== "string") return next();
  if (markInexactIntegers(variables) === variables) return next();
  const message = "The variables hold an integer that 64-bit floats do not hold exactly.";
  response.status(400).json(errorBody("BAD_REQUEST", message));
};

/** The bytes reserved for a body: its declared length, or else the maximum. */
function announcedBytes({ headers }: Request): number {
  const length =
    headers["content-encoding"] === undefined ? Number(headers["content-length"] ?? Number.NaN) : Number.NaN;
  return Number.isSafeInteger(length) ? Math.min(length, bodyLimits.bytes) : bodyLimits.bytes;
}

function refuseBusy(response: Response, error: unknown, next: (error: unknown) => void): void {
  const isBusy = error instanceof PlatformError && error.code === "LIMIT_EXCEEDED";
  if (!isBusy) next(error);
  else response.status(503).set("Retry-After", "1").json(errorBody(error.code, error.message));
}

/**
 * Rows that are parked stay until the answer is out. Where it goes out on another connection (the single connection mode of
 * the event stream) this response ends before the operation does: then they stay until their own time runs out.
 */
function releaseAtEnd(request: Request, response: Response, release: () => void): void {
  if (request.get(TOKEN_HEADER_KEY) !== undefined || request.query[TOKEN_QUERY_KEY] !== undefined) return;
  if (response.closed) release();
  else response.once("close", guarded(release, dropped));
}

/** The charset of the body, undefined for one that JSON never has. */
function charsetOf(request: Request): string | undefined {
  const [, charset = "utf-8"] = /;\s*charset="?([^\s;"]+)/i.exec(request.get("content-type") ?? "") ?? [];
  if (!/^utf-/i.test(charset)) return undefined;
  try {
    return new TextDecoder(charset).encoding;
  } catch {
    return undefined;
  }
}

/** The bytes alone in their buffer, so that they can be handed over to a thread. */
function ownBytes(bytes: Buffer): Uint8Array<ArrayBuffer> {
  const isWhole = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
  return isWhole ? new Uint8Array(bytes.buffer as ArrayBuffer) : Uint8Array.from(bytes);
}
