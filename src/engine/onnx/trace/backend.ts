import * as tf from "@tensorflow/tfjs-core";
import { PlatformError } from "../../../errors.js";
import { currentLayer } from "../../graphs/current-layer.js";
import { kernelForms } from "../kernels/index.js";
import { anywhere, type KernelForm, type Target } from "../kernels/kernel.js";
import { elements, type Value } from "../program/model.js";
import { type Recorder, TooManyNodes } from "../program/recorder.js";

const backendName = "onnx-trace";

/** Numbers that somebody wrote, or a value of the program. */
interface Entry {
  references: number;
  value?: Value;
  written?: { values: tf.BackendValues; shape: number[]; dtype: tf.DataType };
}

/** A tfjs backend whose tensors hold no numbers, only the names of values in the program being recorded. */
class TracingBackend extends tf.KernelBackend {
  recorder: Recorder | undefined;
  target = anywhere;
  private readonly entries = new Map<object, Entry>();

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): object {
    return this.add({ references: 1, written: { values, shape, dtype } });
  }

  override move(id: object, values: tf.BackendValues, shape: number[], dtype: tf.DataType, references: number): void {
    this.entries.set(id, { references, written: { values, shape, dtype } });
  }

  override readSync(id: object): tf.BackendValues {
    const { written } = this.entry(id);
    if (!written) throw new Error("A graph must not read a tensor's numbers: there are none while it is traced.");
    return written.values;
  }

  override async read(id: object): Promise<tf.BackendValues> {
    return this.readSync(id);
  }

  override refCount(id: object): number {
    return this.entries.get(id)?.references ?? 0;
  }

  override incRef(id: object): void {
    this.entry(id).references++;
  }

  override disposeData(id: object, force = false): boolean {
    const entry = this.entries.get(id);
    if (!entry) return true;
    entry.references--;
    if (!force && entry.references > 0) return false;
    this.entries.delete(id);
    return true;
  }

  override numDataIds(): number {
    return this.entries.size;
  }

  override memory() {
    return { unreliable: true };
  }

  override timerAvailable(): boolean {
    return false;
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override dispose(): void {
    this.entries.clear();
  }

  /** A tensor that stands for a value. */
  tensorInfo(value: Value): tf.TensorInfo {
    const { name, type, shape } = value;
    if (type === "int64" || type === "float64") throw new Error(`tfjs knows no 64-bit numbers, as "${name}" holds.`);
    return { dataId: this.add({ references: 1, value }), shape: [...shape], dtype: type };
  }

  /** The value that a tensor stands for; numbers become a constant. The same numbers can be seen in several shapes. */
  valueBehind({ dataId, shape, dtype }: tf.TensorInfo): Value {
    const { value, written } = this.entry(dataId);
    if (value) return value;
    return constantOf(this.recording(), written?.values as ArrayLike<number>, shape, dtype);
  }

  recording(): Recorder {
    if (!this.recorder) throw new Error("Nothing is being traced.");
    return this.recorder;
  }

  private add(entry: Entry): object {
    const id = {};
    this.entries.set(id, entry);
    return id;
  }

  private entry(id: object): Entry {
    const entry = this.entries.get(id);
    if (!entry) throw new Error("A tensor was used after it had been disposed of.");
    return entry;
  }
}

function constantOf(record: Recorder, values: ArrayLike<number>, shape: number[], dtype: tf.DataType): Value {
  const size = elements(shape);
  // A copy: what tfjs is given, its caller may change.
  const filled = <Numbers extends Float32Array | Int32Array | Uint8Array>(numbers: Numbers): Numbers => {
    for (let index = 0; index < size; index++) numbers[index] = Number(values[index]);
    return numbers;
  };
  switch (dtype) {
    case "float32":
      return record.constant(filled(new Float32Array(size)), shape, "float32");
    case "int32":
      return record.constant(filled(new Int32Array(size)), shape, "int32");
    case "bool":
      return record.constant(filled(new Uint8Array(size)), shape, "bool");
    default:
      throw new PlatformError("UNSUPPORTED", `Tensors of type ${dtype} cannot be compiled.`);
  }
}

const backend = new TracingBackend();
let registered = false;

function register(): void {
  if (registered) return;
  registered = true;
  // Never chosen by tfjs itself: the lowest priority.
  tf.registerBackend(backendName, () => backend, -1);
  for (const kernelName of kernelNames()) {
    const form = kernelForms[kernelName] ?? refuse;
    tf.registerKernel({ kernelName, backendName, kernelFunc: (call) => recordKernel(kernelName, form, call) });
  }
}

/** The names of all kernels of tfjs, which exports each as a constant that is its own name. */
function kernelNames(): string[] {
  return Object.entries(tf).flatMap(([key, value]) => (key === value ? [key] : []));
}

/** The form of a kernel that has none. Asked within its layer, unlike tfjs's own check, it can name the layer. */
function refuse(): never {
  throw new Error("it has no ONNX form.");
}

type KernelArguments = Parameters<tf.KernelFunc>[0];

function recordKernel(
  kernelName: string,
  form: KernelForm,
  { inputs, attrs }: KernelArguments,
): tf.TensorInfo | tf.TensorInfo[] {
  const record = backend.recording();
  const given = inputs as Record<string, tf.TensorInfo | undefined>;
  const optional = (name: string) => {
    const tensor = given[name];
    return tensor && backend.valueBehind(tensor);
  };
  const input = (name: string) => {
    const value = optional(name);
    if (!value) throw new Error(`The kernel ${kernelName} was called without "${name}".`);
    return value;
  };
  const list = () => Object.values(given).map((tensor) => backend.valueBehind(tensor as tf.TensorInfo));
  const call = {
    record,
    target: backend.target,
    input,
    optional,
    attributes: attrs ?? {},
    get list() {
      return list();
    },
  };
  try {
    const result = form(call);
    return Array.isArray(result) ? result.map((value) => backend.tensorInfo(value)) : backend.tensorInfo(result);
  } catch (error) {
    throw unsupported(kernelName, record, [...Object.values(given)], error as Error);
  }
}

function unsupported(
  kernelName: string,
  record: Recorder,
  tensors: (tf.TensorInfo | undefined)[],
  cause: Error,
): PlatformError {
  if (cause instanceof PlatformError) return cause;
  const tooMany = cause instanceof TooManyNodes;
  const labels = tensors.map((tensor) => tensor && record.labelOf(backend.valueBehind(tensor)));
  // The operation that is one too many, where it is a gradient, says nothing about the layers before it.
  const layer = currentLayer() ?? (tooMany ? undefined : labels.find(Boolean));
  const where = layer ? `The layer "${layer}"` : "The graph";
  const reason = tooMany ? cause.message : `needs the operation ${kernelName}, which cannot be compiled`;
  const message = `${where} ${reason}${tooMany ? "" : `: ${cause.message}`}`;
  return new PlatformError("UNSUPPORTED", message, { kernel: kernelName, reason, ...(layer && { layer }) }, { cause });
}

/**
 * Runs `compute` with tensors that only record what is done with them. Another backend that was in use before is in use
 * again afterwards, whatever happens, and nothing that `compute` left behind keeps memory.
 * @param symbol makes a tensor that stands for a value of the recorder's program.
 * @throws PlatformError UNSUPPORTED when an operation has no ONNX form, or when there are too many; the message names it and
 * the layer.
 */
export function recordInto<T>(
  record: Recorder,
  compute: (symbol: (value: Value) => tf.Tensor, valueBehind: (tensor: tf.Tensor) => Value) => T,
  target: Target = anywhere,
): T {
  register();
  if (backend.recorder) throw new Error("A graph is being traced already.");
  const before = tf.getBackend();
  backend.recorder = record;
  backend.target = target;
  // This backend needs no time to start, so tfjs has switched before it returns the promise.
  void tf.setBackend(backendName);
  tf.engine().startScope("trace");
  try {
    const symbol = (value: Value) => tf.engine().makeTensorFromTensorInfo(backend.tensorInfo(value), backend);
    return compute(symbol, (tensor) => backend.valueBehind(tensor));
  } finally {
    tf.engine().endScope();
    backend.recorder = undefined;
    backend.dispose();
    if (before) void tf.setBackend(before);
  }
}
