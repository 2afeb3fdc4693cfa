import { Field, ObjectType, registerEnumType } from "type-graphql";
import { enumOf } from "../../entities/enum.js";
import { type WaitCode, waitCodes } from "../../scheduler/wait-reason.js";

const WaitCodeEnum = enumOf(waitCodes);
registerEnumType(WaitCodeEnum, {
  name: "QueueReasonCode",
  description: "Why a queued run has not started.",
  valuesConfig: {
    DEPENDENCIES: { description: "A run that it depends on has not SUCCEEDED yet." },
    BACKING_OFF: { description: "It pauses after a fault; the message says until when." },
    NO_WORKER: { description: "No worker is alive." },
    NO_DEVICE: { description: "No live worker offers the kind of device that it asks for, or has begun on." },
    TOO_FEW_SLOTS: { description: "It asks for more threads than any live worker has CPU slots." },
    TOO_LITTLE_MEMORY: { description: "It needs more memory than any live worker's device has." },
    SLOTS_TAKEN: { description: "Other runs hold what it needs; it starts when enough of them have ended." },
    MEMORY_TAKEN: { description: "Slots are free, but other runs hold the memory that it needs." },
    PREEMPTING: {
      description: "Runs that hold what it needs leave, such as those of a lower priority that it displaces.",
    },
    HIGHER_PRIORITY_FIRST: { description: "What it needs is free, and runs of a higher priority come first." },
    FAIR_SHARE: {
      description: "What it needs is free, and runs of the same priority come first whose projects use fewer slots.",
    },
    OLDER_RUNS_FIRST: {
      description:
        "What it needs is free and older runs come first. One of them may wait for more slots of a worker to become free: its place is kept.",
    },
    STARTING: { description: "A worker is about to take it." },
  },
});

@ObjectType({ description: "Why a queued run has not started, as things stand now." })
export class QueueReason {
  @Field(() => WaitCodeEnum, { description: "For programs." })
  code!: WaitCode;

  @Field({ description: "For people: what is missing, and how much of it there is." })
  message!: string;
}
