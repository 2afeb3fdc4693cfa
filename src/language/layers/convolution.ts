import type {
  Activation,
  Initializer,
  InitializerOptions,
  InitializerType,
  Regularizer,
  RegularizerDeclaration,
} from "./layer.js";
import type { Bias, BiasDeclaration } from "./resolve-bias.js";
import type { CausalPadding, Padding } from "./spatial.js";

/** What every convolution has. Lists have one entry, which holds for every axis, or one an axis: height, width. */
interface KernelDeclaration extends BiasDeclaration {
  /** Unique within the model; default: the layer's type and its index, such as `conv2d_0`. */
  name?: string | null;
  kernelSize: number[];
  strides?: number[] | null;
  padding?: CausalPadding | null;
  dilationRate?: number[] | null;
  activation?: Activation | null;
}
interface FullKernelDeclaration extends KernelDeclaration {
  filters: number;
  kernelInitializer?: InitializerType | null;
  kernelInitializerOptions?: InitializerOptions | null;
  kernelRegularizer?: RegularizerDeclaration | null;
}
interface DepthwiseKernelDeclaration extends KernelDeclaration {
  padding?: Padding | null;
  depthMultiplier?: number | null;
  depthwiseInitializer?: InitializerType | null;
  depthwiseInitializerOptions?: InitializerOptions | null;
  depthwiseRegularizer?: RegularizerDeclaration | null;
}

export interface Conv1dDeclaration extends FullKernelDeclaration {
  groups?: number | null;
}
export interface Conv2dDeclaration extends FullKernelDeclaration {
  padding?: Padding | null;
  groups?: number | null;
}
export interface Conv2dTransposeDeclaration extends FullKernelDeclaration {
  padding?: Padding | null;
}
export type DepthwiseConv2dDeclaration = DepthwiseKernelDeclaration;
export interface SeparableConv2dDeclaration extends DepthwiseKernelDeclaration {
  filters: number;
  pointwiseInitializer?: InitializerType | null;
  pointwiseInitializerOptions?: InitializerOptions | null;
  pointwiseRegularizer?: RegularizerDeclaration | null;
}

/** Resolved: every list has one entry an axis. */
interface Kernel extends Bias {
  kernelSize: number[];
  strides: number[];
  dilationRate: number[];
  activation: Activation;
}
interface FullKernel extends Kernel {
  filters: number;
  kernelInitializer: Initializer;
  kernelRegularizer: Regularizer;
}
interface DepthwiseKernel extends Kernel {
  padding: Padding;
  depthMultiplier: number;
  depthwiseInitializer: Initializer;
  depthwiseRegularizer: Regularizer;
}

export interface Conv1d extends FullKernel {
  type: "conv1d";
  padding: CausalPadding;
  groups: number;
}
export interface Conv2d extends FullKernel {
  type: "conv2d";
  padding: Padding;
  groups: number;
}
export interface Conv2dTranspose extends FullKernel {
  type: "conv2dTranspose";
  padding: Padding;
}
export interface DepthwiseConv2d extends DepthwiseKernel {
  type: "depthwiseConv2d";
}
export interface SeparableConv2d extends DepthwiseKernel {
  type: "separableConv2d";
  filters: number;
  pointwiseInitializer: Initializer;
  pointwiseRegularizer: Regularizer;
}

export type Convolution = Conv1d | Conv2d | Conv2dTranspose | DepthwiseConv2d | SeparableConv2d;
