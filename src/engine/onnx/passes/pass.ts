import type { Target } from "../kernels/kernel.js";
import type { Program } from "../program/model.js";

/** A rewrite of a program that keeps its meaning; it makes a new program and leaves the given one as it was. */
export type Pass = (program: Program, target: Target) => Program;
