let current: string | undefined;

/** The layer whose operations are being computed, so that a tracer can say which layer asks for what it cannot do. */
export function currentLayer(): string | undefined {
  return current;
}

/** Runs `compute` as the work of a layer. */
export function asLayer<T>(name: string, compute: () => T): T {
  const before = current;
  current = name;
  try {
    return compute();
  } finally {
    current = before;
  }
}
