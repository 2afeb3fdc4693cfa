import { dropped, guarded } from "../guarded.js";

/**
 * Paces the hints about one thing: the first leaves at once, those that come within `intervalMs` of it leave together at its
 * end, so that the last change is always told. A hint that is lost costs its readers a poll; what it is about is stored.
 */
export function pacedHint(send: () => Promise<void>, intervalMs: number): () => void {
  let pausing = false;
  let pending = false;
  const trySend = guarded(send, dropped);
  const leave = () => {
    pausing = true;
    pending = false;
    setTimeout(resume, intervalMs);
    trySend();
  };
  const resume = guarded(() => {
    pausing = false;
    if (pending) leave();
  }, dropped);
  return () => {
    pending = true;
    if (!pausing) leave();
  };
}
