import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";

const backendName = "cpu";
let registered = false;

/** Replaces what tfjs 4.22 computes wrongly in plain JavaScript. */
export function registerCpuKernels(): void {
  if (registered) return;
  registered = true;
  const config = tf.getKernel(tf.MaxPool, backendName);
  tf.unregisterKernel(tf.MaxPool, backendName);
  tf.registerKernel({ ...config, kernelFunc: (call) => maximum(config.kernelFunc, call) });
}

/** Looks for what is greater, which NaN never is: windows that hold one are found by pooling where it is. */
function maximum(
  original: NonNullable<tf.KernelConfig["kernelFunc"]>,
  call: Parameters<NonNullable<tf.KernelConfig["kernelFunc"]>>[0],
): tf.TensorInfo {
  const pooled = original(call) as tf.TensorInfo;
  const { x } = call.inputs as { x: tf.TensorInfo };
  const backend = call.backend as tf.KernelBackend;
  const values = backend.readSync(x.dataId) as Float32Array;
  if (!values.some(Number.isNaN)) return pooled;
  const places = tf.tensor(
    Float32Array.from(values, (value) => (Number.isNaN(value) ? 1 : 0)),
    x.shape,
  );
  const within = original({ ...call, inputs: { x: places } }) as tf.TensorInfo;
  const marks = backend.readSync(within.dataId) as Float32Array;
  const found = backend.readSync(pooled.dataId) as Float32Array;
  marks.forEach((mark, index) => {
    if (mark === 1) found[index] = Number.NaN;
  });
  places.dispose();
  backend.disposeData(within.dataId);
  return pooled;
}
