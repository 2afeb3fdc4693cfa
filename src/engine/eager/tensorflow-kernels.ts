import * as tf from "@tensorflow/tfjs-core";

/**
 * tfjs-node convolves with explicit zeros around the input, but its kernels for the gradients know only `valid` and `same`.
 * These put them around the input themselves, or cut them off its gradient.
 */

type Pads = [number, number][];
type Kernel = NonNullable<tf.KernelConfig["kernelFunc"]>;

const byInput = [tf.Conv2DBackpropInput, tf.DepthwiseConv2dNativeBackpropInput];
const byFilter = [tf.Conv2DBackpropFilter, tf.DepthwiseConv2dNativeBackpropFilter];

/** Replaces those kernels of the backend `tensorflow`, once it has been loaded. */
export function registerTensorflowKernels(): void {
  for (const name of byInput) replace(name, inputGradient);
  for (const name of byFilter) replace(name, filterGradient);
}

function replace(kernelName: string, padded: (original: Kernel, call: Parameters<Kernel>[0], pads: Pads) => tf.Tensor) {
  const backendName = "tensorflow";
  const config = tf.getKernel(kernelName, backendName);
  tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({
    ...config,
    kernelFunc: (call) => {
      const pads = call.attrs?.pad;
      return Array.isArray(pads) ? padded(config.kernelFunc, call, pads as unknown as Pads) : config.kernelFunc(call);
    },
  });
}

function filterGradient(original: Kernel, { inputs, backend, attrs }: Parameters<Kernel>[0], pads: Pads): tf.Tensor {
  const x = tf.pad(inputs.x as tf.Tensor, pads);
  const gradient = original({ inputs: { ...inputs, x }, backend, attrs: { ...attrs, pad: "valid" } });
  x.dispose();
  return gradient as tf.Tensor;
}

function inputGradient(original: Kernel, { inputs, backend, attrs }: Parameters<Kernel>[0], pads: Pads): tf.Tensor {
  const shape = attrs?.inputShape as number[];
  const inputShape = shape.map((extent, axis) => extent + (pads[axis] as Pads[number]).reduce((a, b) => a + b));
  const whole = original({ inputs, backend, attrs: { ...attrs, inputShape, pad: "valid" } }) as tf.Tensor;
  const gradient = tf.slice(
    whole,
    pads.map(([before]) => before),
    shape,
  );
  whole.dispose();
  return gradient;
}
