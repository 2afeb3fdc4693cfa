const shownLength = 60;

/** A value as a message shows it: strings quoted and cut at 60 characters, lists and objects by their size alone. */
export function shown(value: unknown): string {
  if (typeof value === "string") {
    if (value.length <= shownLength) return JSON.stringify(value);
    return `${JSON.stringify(value.slice(0, shownLength))}… (${count(value.length)} characters)`;
  }
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `a list of ${count(value.length)}`;
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}

/** `a, b and c`, the first ten of a long list, each name cut at 60 characters. */
export function listed(names: Iterable<string>, conjunction: "and" | "or" = "and"): string {
  const all = [...names].map((name) => (name.length > shownLength ? `${name.slice(0, shownLength)}…` : name));
  if (all.length === 0) return "none";
  if (all.length > 10) return `${all.slice(0, 10).join(", ")} and ${count(all.length - 10)} more`;
  const last = all[all.length - 1];
  return all.length === 1 ? `${last}` : `${all.slice(0, -1).join(", ")} ${conjunction} ${last}`;
}

/** A number with commas between its thousands. */
export function count(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? value.toLocaleString("en-US") : String(value);
}

/** `[28, 28, 1]`. */
export function shownShape(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}
