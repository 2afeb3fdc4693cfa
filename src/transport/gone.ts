import type { ServerResponse } from "node:http";
import { dropped, guarded } from "../guarded.js";

/** Why a request's signal is aborted. One for all: without it every abort makes an exception with a stack. */
const closed = new Error("the connection is closed");

/** A controller whose signal is aborted when the connection of a response is gone before the whole answer is out. */
export function goneWith(response: ServerResponse | undefined): AbortController {
  const controller = new AbortController();
  const close = () => {
    if (!response?.writableFinished) controller.abort(closed);
  };
  // Nothing that listens to a signal throws.
  response?.once("close", guarded(close, dropped));
  return controller;
}
