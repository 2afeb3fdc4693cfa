import { Field, ObjectType, registerEnumType } from "type-graphql";
import { enumOf } from "./enum.js";

export const deviceKinds = ["CPU", "GPU"] as const;
export type DeviceKind = (typeof deviceKinds)[number];
export const DeviceKindEnum = enumOf(deviceKinds);
registerEnumType(DeviceKindEnum, {
  name: "DeviceKind",
  description: "What computes.",
  valuesConfig: {
    CPU: { description: "All processors of a host; a run takes a slot for each of its threads." },
    GPU: { description: "One graphics processor; a run takes it whole." },
  },
});

/** What ONNX Runtime calls the part of it that computes on a device. */
export type Provider = "cpu" | "cuda" | "webgpu";

/** A device as a worker offers it. */
export interface OfferedDevice {
  kind: DeviceKind;
  /** As the host calls it. */
  name: string;
  /** Null where the host does not tell. */
  memoryBytes: number | null;
  /** Of a CPU: threads of runs that it computes at once. Of a GPU: 1. */
  slots: number;
  provider: Provider;
  /** Tells one GPU of a host from another; null where there is but one. */
  uuid: string | null;
}

/** What an attempt was granted; stored with its run. */
@ObjectType({ description: "What a run is computed on." })
export class RunDevice {
  @Field(() => DeviceKindEnum, { description: "CPU or GPU." })
  kind!: DeviceKind;

  @Field({ description: "As its host calls it." })
  name!: string;

  /** Its place among the worker's devices. */
  index!: number;
  provider!: Provider;
  uuid!: string | null;
}
