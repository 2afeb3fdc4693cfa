import { Field, ObjectType, registerEnumType } from "type-graphql";
import { enumOf } from "../../entities/enum.js";
import { type WaitCode, waitCodes } from "../../scheduler/wait-reason.js";

const WaitCodeEnum = enumOf(waitCodes);
registerEnumType(WaitCodeEnum, {
  name: "QueueReasonCode",
  description: "Machine-readable reason why a queued run has not started.",
  valuesConfig: {
    DEPENDENCIES: { description: "A run in `dependsOn` has not SUCCEEDED yet." },
    BACKING_OFF: { description: "Waiting after a fault before the next attempt; the message says until when." },
    NO_WORKER: { description: "There is no live worker." },
    NO_DEVICE: { description: "No live worker offers the kind of device that the run requested or started on." },
    TOO_FEW_SLOTS: { description: "The run needs more threads than any live worker has CPU slots." },
    TOO_LITTLE_MEMORY: { description: "The run needs more memory than the device of any live worker has." },
    SLOTS_TAKEN: { description: "Other runs occupy the slots that it needs." },
    MEMORY_TAKEN: { description: "Slots are free, but other runs occupy the memory that it needs." },
    PREEMPTING: {
      description: "Runs that occupy what it needs are about to leave, such as displaced runs of lower priority.",
    },
    HIGHER_PRIORITY_FIRST: { description: "Slots are free, but runs of higher priority come first." },
    FAIR_SHARE: {
      description: "Slots are free, but runs of the same priority come first whose projects use fewer slots.",
    },
    OLDER_RUNS_FIRST: {
      description:
        "Slots are free, but older runs come first. Free slots may be reserved for an older run that needs more of them.",
    },
    STARTING: { description: "A worker is about to start it." },
  },
});

@ObjectType({ description: "Why a queued run has not started yet." })
export class QueueReason {
  @Field(() => WaitCodeEnum, { description: "Machine-readable reason." })
  code!: WaitCode;

  @Field({ description: "What is missing and how much of it there is, in plain text." })
  message!: string;
}
