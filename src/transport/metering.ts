import {
  defaultFieldResolver,
  type GraphQLError,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isListType,
  isObjectType,
  type OperationTypeNode,
} from "graphql";
import { createPacer, type Pacer, turnIsOver } from "../event-loop.js";
import { dropped, guarded } from "../guarded.js";
import { answerTooLarge, limitError } from "./operation-limits.js";

/** Watches one execution: counts the bytes of its answer, ends it at its deadline, and spreads it over turns. */
export interface Meter {
  /** Approximate bytes of the answer so far; the exact number is known when it is written. */
  readonly bytes: number;
  /** Whether the execution was ended. Nothing of it is computed any more. */
  readonly stopped: boolean;
  /** Spreads long lists over turns of the event loop. */
  readonly pacer: Pacer;
  /** Calls back when nothing waits for a turn; at once if nothing does now. */
  whenIdle(callback: () => void): void;
  /** Counts bytes of the answer. */
  add(bytes: number): void;
  /** A field of a mutation begins to be carried out: it is never cut short, and its time does not count. */
  begin(): void;
  /** A field of a mutation has been carried out; its payload is read next. */
  carriedOut(field: string): void;
  /** The execution is over. */
  end(): void;
  /** The error of an answer that turns out too large when it is written. */
  tooLarge(): GraphQLError;
}

export interface MeterOptions {
  type: OperationTypeNode | `${OperationTypeNode}`;
  seconds: number;
  maxBytes: number;
  /** Called at most once, with what the caller is told. */
  onStop(error: GraphQLError): void;
}

/** A meter whose clock runs. A mutation's runs only while a payload is read: what is carried out is never cut short. */
export function createMeter(options: MeterOptions): Meter {
  return new RunningMeter(options);
}

// A class, since getters of an object literal would be made anew for each operation: V8 then keeps whatever they refer to
// until the next full collection.
class RunningMeter implements Meter {
  readonly #options: MeterOptions;
  readonly #done: string[] = [];
  // Most operations are too small to need one.
  #pacer: Pacer | undefined;
  #bytes = 0;
  #stopped = false;
  #clock: NodeJS.Timeout | undefined;

  constructor(options: MeterOptions) {
    this.#options = options;
    if (options.type !== "mutation") this.#start();
  }

  get bytes(): number {
    return this.#bytes;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  get pacer(): Pacer {
    this.#pacer ??= createPacer();
    return this.#pacer;
  }

  whenIdle(callback: () => void): void {
    if (this.#pacer) this.#pacer.whenIdle(callback);
    else callback();
  }

  add(bytes: number): void {
    const { maxBytes } = this.#options;
    this.#bytes += bytes;
    if (this.#bytes > maxBytes) this.#stop(answerTooLarge(maxBytes), maxBytes);
  }

  begin(): void {
    clearTimeout(this.#clock);
  }

  carriedOut(field: string): void {
    this.#done.push(field);
    this.#start();
  }

  end(): void {
    clearTimeout(this.#clock);
  }

  tooLarge(): GraphQLError {
    const { maxBytes } = this.#options;
    return this.#error(answerTooLarge(maxBytes), maxBytes);
  }

  #start(): void {
    if (!this.#stopped) this.#clock = setTimeout(guarded(this.#expire, dropped), this.#options.seconds * 1_000);
  }

  readonly #expire = () => {
    const { seconds } = this.#options;
    const message = `Reading the answer took longer than ${seconds} s, which is the limit. Select less, or smaller pages.`;
    this.#stop(message, seconds);
  };

  #stop(message: string, limit: number): void {
    if (this.#stopped) return;
    this.#stopped = true;
    clearTimeout(this.#clock);
    this.#pacer?.clear();
    this.#options.onStop(this.#error(message, limit));
  }

  #error(message: string, limit: number): GraphQLError {
    const done = this.#done;
    return done.length === 0
      ? limitError(message, { limit })
      : limitError(`${message} ${outcome(done)}`, { limit, carriedOut: done });
  }
}

function outcome(done: readonly string[]): string {
  return (
    `The mutation itself was carried out, and only the answer is missing: ${done.join(", ")}. ` +
    "Fields after these were not begun. Send the same again with its idempotencyKey and a smaller selection to read the answer."
  );
}

const meterKey = Symbol("meter");
type Metered = { [meterKey]?: { meter?: Meter } };

/** Where the meter of a context is kept. Copies of the context, such as Apollo makes, share it. */
export function meterPlace(context: object): { readonly meter?: Meter } {
  const place = (context as Metered)[meterKey] ?? {};
  (context as Metered)[meterKey] = place;
  return place;
}

/** Makes the meter known to the resolvers that share a context, which must be used for one execution only. */
export function attachMeter(context: object, meter: Meter): void {
  (meterPlace(context) as { meter?: Meter }).meter = meter;
}

/** The meter of a context; undefined in an execution that is not metered. */
export function meterOf(context: unknown): Meter | undefined {
  return (context as Metered | null | undefined)?.[meterKey]?.meter;
}

/** The promise of a field that is never computed because its operation has ended. */
const never = new Promise<never>(() => {});

const metered = new WeakSet<GraphQLSchema>();

/** Has every field of a schema counted and paced in executions whose context has a meter. Once is enough. */
export function meterSchema(schema: GraphQLSchema): void {
  if (metered.has(schema)) return;
  metered.add(schema);
  const mutation = schema.getMutationType();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith("__")) continue;
    for (const field of Object.values(type.getFields())) {
      const resolve = meteredResolver(field);
      field.resolve = type === mutation ? carryingOut(resolve) : resolve;
    }
  }
}

type Resolver = GraphQLFieldResolver<unknown, unknown>;

function meteredResolver(field: GraphQLField<unknown, unknown>): Resolver {
  const resolve = field.resolve ?? defaultFieldResolver;
  const isComposite = isCompositeType(getNamedType(field.type));
  const isPaced = isComposite && isListType(getNullableType(field.type));

  function count(meter: Meter, key: string | number, value: unknown): unknown {
    meter.add(String(key).length + 4 + (isComposite ? sizeOfObjects(value) : sizeOfLeaf(value)));
    if (meter.stopped) return never;
    return isPaced && Array.isArray(value) && value.length > 0 ? meter.pacer.entries(value) : value;
  }
  return (source, args, context, info) => {
    const meter = meterOf(context);
    if (meter === undefined) return resolve(source, args, context, info);
    if (meter.stopped) return never;
    const value = resolve(source, args, context, info);
    if (!isPromiseLike(value)) return count(meter, info.path.key, value);
    return value.then((settled) => {
      if (meter.stopped) return never;
      const { key } = info.path;
      if (!turnIsOver()) return count(meter, key, settled);
      return meter.pacer.inTurn(settled).then((later) => count(meter, key, later));
    });
  };
}

/** For the fields of `Mutation`: these are executed one after another, each with its payload. */
function carryingOut(resolve: Resolver): Resolver {
  return async (source, args, context, info) => {
    const meter = meterOf(context);
    meter?.begin();
    const payload = await resolve(source, args, context, info);
    meter?.carriedOut(String(info.path.key));
    return payload;
  };
}

const isPromiseLike = (value: unknown): value is Promise<unknown> =>
  typeof (value as { then?: unknown } | null | undefined)?.then === "function";

/** The brackets and commas of objects; what they hold is counted when it is computed. */
const sizeOfObjects = (value: unknown) => (Array.isArray(value) ? 3 * value.length + 2 : 2);

/** JSON of values that several objects share, such as a spec, is measured once. */
const sizes = new WeakMap<object, number>();

/** Approximate bytes of a leaf: too few for text with escapes or with several bytes per character. */
function sizeOfLeaf(value: unknown): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 6;
  if (value instanceof Date) return 26;
  if (Array.isArray(value) && typeof value[0] !== "object" && typeof value[0] !== "string")
    return 10 * value.length + 2;
  const known = sizes.get(value);
  if (known !== undefined) return known;
  const size = JSON.stringify(value)?.length ?? 4;
  sizes.set(value, size);
  return size;
}
