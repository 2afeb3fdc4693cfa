import { Field, ObjectType, registerEnumType } from "type-graphql";
import { enumOf } from "./enum.js";

export const deviceKinds = ["CPU", "GPU"] as const;
export type DeviceKind = (typeof deviceKinds)[number];
export const DeviceKindEnum = enumOf(deviceKinds);
registerEnumType(DeviceKindEnum, {
  name: "DeviceKind",
  description: "The kind of a device.",
  valuesConfig: {
    CPU: { description: "All processors of a host. A run takes one slot per thread." },
    GPU: { description: "One graphics processor. A run takes the whole device." },
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
@ObjectType({ description: "The device that a run computes on." })
export class RunDevice {
  @Field(() => DeviceKindEnum, { description: "Kind of the device." })
  kind!: DeviceKind;

  @Field({ description: "Name of the device as reported by its host." })
  name!: string;

  /** Its place among the worker's devices. */
  index!: number;
  provider!: Provider;
  uuid!: string | null;
}
